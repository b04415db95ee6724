"""Parts of a demo's screenful; nothing in it is wider than a terminal of 100 columns."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from savctl.cli.framework.text import safe
from savctl.domain.model.priority import Priority

WIDTH = 100
_SUBJECT = 34
_JOBS = {"no response": "auto-close", "resolved, not contested": "close-resolved"}


def when(moment: datetime) -> str:
    """A moment for people: `3 Oct 2025 10:30`."""
    return f"{moment.day} {moment:%b %Y %H:%M}"


def fitted(line: str) -> str:
    """The line, cut where the terminal ends; paths stay whole, they are meant to be copied."""
    if len(line) <= WIDTH or line.startswith(("  export ", "Try it")):
        return line
    return line[: WIDTH - 1] + "…"


def env_line(variable: str | None) -> list[str]:
    """The setting that leads the next commands to the demo's database."""
    return [f"  export {variable}"] if variable else []


def closed_lines(row: Mapping[str, Any]) -> list[str]:
    """What was closed and why, each reason counted, some with an example."""
    total = sum(one["count"] for one in row["closed"])
    lines = [f"Closed  {total} tickets, each explained by its history"]
    lines += [f"{one['count']:>6}  {safe(one['reason'])}{_job(one)}" for one in row["closed"]]
    return lines + [_example(one) for one in row["examples"]]


def queue_lines(row: Mapping[str, Any]) -> list[str]:
    """Status by priority, and what is held back."""
    levels = [str(level) for level in reversed(tuple(Priority))]
    lines = [f"{'Queue':<20}" + "".join(f"{level:>9}" for level in levels)]
    for status, counts in row["queue"].items():
        lines.append(f"  {status:<18}" + "".join(f"{counts[level]:>9}" for level in levels))
    held = row["held"]
    if held:
        shown = ", ".join(held[:3]) + (f" and {len(held) - 3} more" if len(held) > 3 else "")
        lines.append(f"  held: {shown}: resolved, but the customer wrote again")
    return lines


def _example(one: Mapping[str, Any]) -> str:
    subject = safe(one["subject"])
    shown = subject if len(subject) <= _SUBJECT else subject[: _SUBJECT - 1] + "…"
    state = one["before"].removesuffix("_customer")
    entered = f"{state} since {_short(one['entered_at'])}, " if one["entered_at"] else ""
    return f"  {one['number']}  {shown:<{_SUBJECT}}  {entered}closed {_short(one['closed_at'])}"


def _job(one: Mapping[str, Any]) -> str:
    if one["by"] != "system":
        return ""
    named = (job for start, job in _JOBS.items() if one["reason"].startswith(start))
    return next((f"  ({job})" for job in named), "")


def _short(moment: datetime) -> str:
    return f"{moment.day} {moment:%b %H:%M}"
