"""Colours with a meaning: red is wrong or late, yellow wants a look, green is well."""

from __future__ import annotations

import re

_HIT, _BOLD = re.compile("«[^«»]+»"), "1"
_RED, _YELLOW, _GREEN, _GREY = "31", "33", "32", "90"
_WORDS = {
    **dict.fromkeys(("urgent", "error", "failed", "dead", "refused", "abandoned", "late"), _RED),
    **dict.fromkeys(("breached", "lost", "missing", "damaged", "overdue"), _RED),
    **dict.fromkeys(("high", "warn", "warning", "waiting_customer", "braked"), _YELLOW),
    **dict.fromkeys(("interrupted", "pending", "skipped", "tolerated"), _YELLOW),
    **dict.fromkeys(("resolved", "ok", "done", "met", "kept", "intact"), _GREEN),
    **dict.fromkeys(("closed", "low", "off"), _GREY),
}
_COLUMNS = frozenset(
    (
        *("status", "priority", "level", "severity", "outcome", "state", "last_status", "result"),
        *("verdict", "finding", "response", "resolution"),
    )
)
_WRONG_IF_YES = frozenset(("breached", "is_breached", "late", "overdue"))


def painted(name: str, text: str) -> str:
    """The cell of the column `name`, in colour where its value has a meaning."""
    if name == "snippet":
        return _HIT.sub(lambda hit: colour(hit[0], _BOLD), text)
    if name in _COLUMNS:
        first = text.partition(" ")[0]
        return colour(text, _WORDS.get(first.lower(), ""))
    if name in _WRONG_IF_YES and text not in {"", "no"}:
        return colour(text, _RED)
    return colour(text, _RED) if text.startswith("late by ") else text


def colour(text: str, code: str) -> str:
    """The text in this colour; without a code, as it is."""
    return f"\x1b[{code}m{text}\x1b[0m" if code and text else text


def red(text: str) -> str:
    """What is wrong."""
    return colour(text, _RED)


def yellow(text: str) -> str:
    """What needs a look."""
    return colour(text, _YELLOW)
