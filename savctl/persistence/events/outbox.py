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

_COLUMNS = ("event_id", "event", "routing_key", "ticket_id", "envelope", "occurred_at")


class Outbox:
    """The events of one transaction.

    The caller holds the ticket's row lock, so ids order the events of a ticket.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(self, events: Iterable[tuple[Event, datetime]]) -> None:
        """Queue events with the instant each happened at."""
        rows = [
            (
                new_event_id(),
                type(event).__name__,
                event.routing_key,
                event.ticket_id,
                long_text(self._connection, envelope(event, at=at)),
                time_text(at, fsp=6),
            )
            for event, at in events
        ]
        insert_rows(self._connection, outbox, _COLUMNS, rows)


def new_event_id() -> str:
    """A UUID of version 7: time first, so that a million rows keep their index in order."""
    milliseconds = time.time_ns() // 1_000_000
    bits = (milliseconds << 80) | int.from_bytes(os.urandom(10))
    bits = (bits & ~(0xF << 76)) | (0x7 << 76)
    bits = (bits & ~(0x3 << 62)) | (0x2 << 62)
    digits = f"{bits:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
