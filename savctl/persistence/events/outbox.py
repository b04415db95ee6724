"""Events waiting to be sent, written in the transaction that causes them (rules 8.1)."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from savctl.domain.events.events import Event, envelope
from savctl.persistence.bulk import insert_rows, long_text
from savctl.persistence.schema.tables import outbox
from savctl.persistence.types import time_text

_CHANCE = 10  # bytes of a UUID; its version 7 and variant 2 take six bits of them
_FREE = ~(0xF << 76 | 0x3 << 62)
_MARKS = 0x7 << 76 | 0x2 << 62
_COLUMNS = ("event_id", "event", "routing_key", "ticket_id", "envelope", "occurred_at")


class Outbox:
    """The events of one transaction.

    The caller holds the ticket's row lock, so ids order the events of a ticket.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(self, events: Iterable[tuple[Event, datetime]]) -> None:
        """Queue events with the instant each happened at."""
        made = list(events)
        rows = [
            (
                event_id,
                type(event).__name__,
                event.routing_key,
                event.ticket_id,
                long_text(self._connection, envelope(event, at=at)),
                time_text(at, fsp=6),
            )
            for event_id, (event, at) in zip(_event_ids(len(made)), made, strict=True)
        ]
        insert_rows(self._connection, outbox, _COLUMNS, rows)


def _event_ids(count: int) -> list[str]:
    """UUIDs of version 7: time first, so that a million rows keep their index in order.

    They are of one millisecond; chance is asked for once.
    """
    milliseconds = time.time_ns() // 1_000_000
    chance = os.urandom(_CHANCE * count)
    found = []
    for at in range(0, len(chance), _CHANCE):
        bits = (milliseconds << 80) | int.from_bytes(chance[at : at + _CHANCE])
        digits = f"{bits & _FREE | _MARKS:032x}"
        parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
        found.append("-".join(parts))
    return found
