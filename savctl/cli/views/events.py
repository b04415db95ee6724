"""An event as a page: what became of it, and what it says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from savctl.cli.framework.page import named, page, section, title, when


def event_page(row: Mapping[str, Any], *, now: datetime) -> str:
    """The outbox row, and the envelope as it goes over the wire, a line for each value."""
    published = when(row["published_at"], now)
    state = "published" if published else "set aside" if row["dead_at"] else "not published yet"
    return page(
        title(f"Event {row['id']}: {row['event']}, {state}"),
        named(
            [
                ("event id", row["event_id"]),
                ("routing key", row["routing_key"]),
                ("ticket id", row["ticket_id"]),
                ("occurred", when(row["occurred_at"], now)),
                ("published", published),
                ("attempts", row["attempts"]),
                ("set aside", when(row["dead_at"], now)),
                ("last error", row["last_error"]),
            ]
        ),
        section("Envelope", named(_all(row["envelope"]), inside=1)),
    )


def _all(envelope: Mapping[str, object]) -> list[tuple[str, object]]:
    """Every value: what is null on the wire is shown as such."""
    return [
        (name, dict(_all(value)) if isinstance(value, Mapping) else _shown(value))
        for name, value in envelope.items()
    ]


def _shown(value: object) -> object:
    if value is None:
        return "null"
    return "empty" if value in ("", []) else value
