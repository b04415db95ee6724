"""A backlog of events, and whether all of it arrived as promised."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import uuid4

from sqlalchemy import insert

from savctl.persistence.engine import Database
from savctl.persistence.schema.tables import outbox
from tests.crash.processes import count
from tests.given import NOW, rows
from tests.servers.brokers.consumer import Received

PUBLISHED = "SELECT COUNT(*) AS n FROM savctl_outbox WHERE published_at IS NOT NULL"
WAITING = "SELECT COUNT(*) AS n FROM savctl_outbox WHERE published_at IS NULL"
_CHUNK = 1_000


def put(database: Database, tickets: Iterable[int], *, first: int = 1) -> None:
    """One waiting event for each ticket named, ids counted up."""
    values = [
        {
            "id": number,
            "event_id": str(uuid4()),
            "event": "TicketStatusChanged",
            "routing_key": "sav.ticket.status_changed",
            "ticket_id": ticket,
            "envelope": json.dumps({"data": {"ticket_id": ticket, "number": number}}),
            "occurred_at": NOW,
        }
        for number, ticket in enumerate(tickets, start=first)
    ]
    for start in range(0, len(values), _CHUNK):
        chunk = values[start : start + _CHUNK]
        database.transaction(lambda c, chunk=chunk: c.execute(insert(outbox), chunk))  # type: ignore[misc]


def mixed(events: int, tickets: int) -> list[int]:
    """The ticket of each of so many events, in turn."""
    return [number % tickets for number in range(events)]


def published(database: Database) -> int:
    """How many events are marked as sent."""
    return count(database, PUBLISHED)


def waiting(database: Database) -> int:
    """How many are not."""
    return count(database, WAITING)


def faults_of(database: Database, received: Sequence[Received]) -> list[str]:
    """What a consumer that drops repeats would miss, get wrongly or get in the wrong order."""
    stored = {
        row["event_id"]: row
        for row in rows(database, "SELECT id, event_id, ticket_id, envelope FROM savctl_outbox")
    }
    first_arrivals: dict[str, Received] = {}
    found = []
    for message in received:
        event_id = str(message.properties.message_id)
        row = stored.get(event_id)
        if row is None:
            found.append(f"{event_id} was never written")
        elif message.body.decode() != row["envelope"]:
            found.append(f"{event_id} arrived with another body")
        first_arrivals.setdefault(event_id, message)
    found += [f"{event_id} was lost" for event_id in stored.keys() - first_arrivals.keys()]
    order = defaultdict(list)
    for event_id in first_arrivals:
        if event_id in stored:
            order[stored[event_id]["ticket_id"]].append(stored[event_id]["id"])
    found += [
        f"ticket {ticket} in the order {numbers[:20]}"
        for ticket, numbers in order.items()
        if numbers != sorted(numbers)
    ]
    return found[:20]


def repeats(received: Sequence[Received]) -> int:
    """How many arrived once more."""
    return len(received) - len({message.properties.message_id for message in received})
