"""Jobs and runs as pages: why a job did or did not run, and what one run did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from savctl.cli.framework.page import named, page, section, title, when
from savctl.cli.framework.text import minutes_in_words, span_words
from savctl.domain.clock import instant

Values = Mapping[str, Any]  # a row as `-o json` shows it

_COUNTS = ("seen", "changed", "skipped", "failed", "left")


def why_page(row: Values, *, now: datetime) -> str:
    """The sentence first, then the facts behind it."""
    return page(title(f"{row['job']}: {row['because']}"), named(_facts(row, now)))


def run_page(row: Values, *, now: datetime) -> str:
    """One run with its report."""
    report = row["report"] or {}
    return page(
        title(f"Run {row['id']} of {row['job']}: {row['status']}"),
        named(
            [
                ("slot", when(row["scheduled_for"], now)),
                ("started", when(row["started_at"], now)),
                ("finished", when(row["finished_at"], now)),
                ("took", _took(row)),
                ("started by", row["started_by"]),
                ("attempt", row["attempt"]),
                ("host", row["host"]),
                ("error", row["error"]),
                *((name, row[name]) for name in _COUNTS),
                *((name, value) for name, value in report.items() if name not in _OF_A_RUN),
            ]
        ),
        section("Items", item_lines(report.get("items") or (), inside=1)),
    )


_OF_A_RUN = frozenset(("job", "run_id", "dry_run", "started_at", "finished_at", "items", *_COUNTS))


def item_lines(items: Iterable[Values], *, inside: int = 0) -> list[str]:
    """A line for each item: what it is, what became of it, and why."""
    shown = []
    for item in items:
        reason = f": {minutes_in_words(item['reason'])}" if item["reason"] else ""
        name = item["ticket_number"] or item["id"] or "-"
        shown.append((str(name), f"{item['outcome']}{reason}"))
    return named(shown, inside=inside)


def _facts(row: Values, now: datetime) -> Iterator[tuple[str, object]]:
    yield "schedule", row["schedule"]
    yield (
        "missed slots",
        {"latest": "only the latest is run"}.get(row["catch_up"], row["catch_up"]),
    )
    yield "next slot", when(row["next_slot"], now)
    yield "due slots", "\n".join(str(when(slot, now)) for slot in row["due_slots"])
    if row["running_on"] is not None:
        left = row["lease_seconds_left"]
        yield "running on", f"{row['running_on']}, its lease ends in {left} s"
    yield "schedulers", ", ".join(row["schedulers"]) or "none is alive"
    yield "last run", _last_run(row["last_run"], now) if row["last_run"] else "never"
    yield "last slot", when(row["last_slot"], now)
    yield "last error", row["last_error"]
    yield "last error at", when(row["last_error_at"], now)
    yield (
        "slots in the future",
        "\n".join(
            f"{when(slot['slot'], now)}, begun by run {slot['run_id']} on {slot['host']}"
            for slot in row["slots_in_future"]
        ),
    )
    yield "known since, in the future", when(row["known_since_in_future"], now)


def _last_run(run: Values, now: datetime) -> str:
    counts = ", ".join(f"{run[name]} {name}" for name in _COUNTS)
    started = when(run["started_at"], now)
    return (
        f"{run['id']}, {run['status']}: {counts}\n"
        f"started {started} on {run['host']} by {run['started_by']}"
    )


def _took(row: Values) -> str | None:
    started, finished = _moment(row["started_at"]), _moment(row["finished_at"])
    return span_words(finished - started) if started and finished else None


def _moment(value: object) -> datetime | None:
    return value if isinstance(value, datetime) else instant(value)
