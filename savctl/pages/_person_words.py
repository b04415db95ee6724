"""Columns and history of a ticket in the words of the page that its customer reads."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from savctl.domain.clock import instant
from savctl.pages.values import safe_text

STATUSES = {
    "open": "open",
    "in_progress": "in progress",
    "waiting_customer": "waiting for you",
    "resolved": "resolved",
    "closed": "closed",
}
LABELS = (
    ("priority", "priority"),
    ("category", "about"),
    ("order_id", "order"),
    ("assigned_to", "agent"),
    ("created_at", "opened"),
    ("resolved_at", "resolved"),
    ("closed_at", "closed"),
)
_ACTIONS = {
    "created": "opened",
    "assigned": "given to agent",
    "unassigned": "taken from agent",
    "status": "status",
    "priority": "priority",
    "edited": "edited",
    "merged_into": "merged into",
    "merged_from": "merged with",
    "split": "split",
    "hold": "legal hold",
    "restored": "brought back from the archive",
    "imported": "imported",
}


def status(stored: str) -> str:
    """A status in the reader's words; one that the schema lacks as it is stored."""
    return STATUSES.get(stored) or safe_text(stored) or "\u2013"


def moment(at: object, *, day: bool = False) -> str:
    """An instant as people read it; a dash where there is none."""
    found = at if isinstance(at, datetime) else instant(at)
    if found is None:
        return "\u2013"
    return f"{found:%Y-%m-%d}" if day else f"{found:%Y-%m-%d %H:%M}Z"


def fact(label: str, value: object) -> str:
    """A column with its name."""
    shown = moment(value) if label in {"opened", "resolved", "closed"} else str(value)
    return f"{label} {safe_text(shown)}"


def file_size(size: object) -> str:
    """Bytes as people read them; what is no number as it is stored."""
    if not isinstance(size, int):
        return safe_text(str(size))
    for unit, bytes_ in (("MB", 1_048_576), ("KB", 1_024)):
        if size >= bytes_:
            return f"{size / bytes_:.1f} {unit}"
    return f"{size} bytes"


def happened(history: object, *, user_id: int) -> Iterator[str]:
    """What happened to a ticket, a line each; shapes that savctl does not know are left out.

    `user_id` is who reads it.
    """
    entries = [e for e in history if isinstance(e, dict)] if isinstance(history, list) else []
    if not entries:
        return
    yield '<ul class="past">'
    for entry in entries:
        yield f"<li>{safe_text(_entry(entry, user_id))}</li>"
    yield "</ul>"


def _entry(entry: dict[str, object], user_id: int) -> str:
    action = str(entry.get("action"))
    text = f"{moment(entry.get('at'))} {_ACTIONS.get(action, action)}"
    before, after = _value(entry.get("from")), _value(entry.get("to"))
    if action == "created":
        before = after = ""
    if before and after:
        text += f" {before} → {after}"
    elif before or after:
        text += f" {before or after}"
    text += f", by {_actor(entry.get('actor'), user_id)}"
    return f"{text}: {entry['reason']}" if entry.get("reason") else text


def _actor(actor: object, user_id: int) -> str:
    if actor is None:
        return "the system"
    return "you" if actor == user_id else f"agent {actor}"


def _value(value: object) -> str:
    if value is None:
        return ""
    shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return STATUSES.get(shown, shown)
