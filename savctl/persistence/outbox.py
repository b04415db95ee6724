"""Events waiting to be sent, written in the transaction that causes them (rules 8.1)."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, insert

from savctl.domain.events import Event, envelope
from savctl.persistence.tables import outbox


class Outbox:
    """The events of one transaction.

    The caller holds the ticket's row lock, so ids order the events of a ticket.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(self, events: Iterable[tuple[Event, datetime]]) -> None:
        """Queue events with the instant each happened at."""
        rows = [
            {
                "event_id": new_event_id(),
                "event": type(event).__name__,
                "routing_key": event.routing_key,
                "ticket_id": event.ticket_id,
                "envelope": envelope(event, at=at),
                "occurred_at": at,
            }
            for event, at in events
        ]
        if rows:
            self._connection.execute(insert(outbox), rows)


def new_event_id() -> str:
    """A UUID of version 7: time first, so that a million rows keep their index in order."""
    milliseconds = time.time_ns() // 1_000_000
    bits = (milliseconds << 80) | int.from_bytes(os.urandom(10))
    bits = (bits & ~(0xF << 76)) | (0x7 << 76)
    bits = (bits & ~(0x3 << 62)) | (0x2 << 62)
    return str(uuid.UUID(int=bits))
