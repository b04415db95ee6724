"""What must hold after the day, asked of rows, messages and objects, not of savctl's reports."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator

from savctl.domain.model.history import Action
from savctl.persistence.engine import Database
from tests.chaos.crew import Crew
from tests.chaos.site import Site
from tests.chaos.writers import Book
from tests.given import rows
from tests.property import outside
from tests.property.model import Model

_ARRIVED = 60.0  # seconds


def problems(site: Site, crew: Crew, books: list[Book]) -> Iterator[str]:
    """Everything that is not as it must be; nothing when all held."""
    database = site.database()
    try:
        yield from _nothing_lost_or_doubled(database, books)
        for ticket_id, ticket in outside.seen(database, behind=0).items():
            yield from _traces(ticket_id, ticket)
            yield from _no_reply_closed_over(ticket_id, ticket)
        yield from _events_arrived(database, site)
        yield from _leases_are_free(database)
    finally:
        database.close()
    yield from _own_checks(crew)


def _nothing_lost_or_doubled(database: Database, books: list[Book]) -> Iterator[str]:
    subjects = Counter(r["subject"] for r in rows(database, "SELECT subject FROM support_tickets"))
    bodies = Counter(r["message"] for r in rows(database, "SELECT message FROM ticket_messages"))
    query = "SELECT original_name FROM ticket_attachments"
    files = Counter(row["original_name"] for row in rows(database, query))
    for book in books:
        wanted = ((subjects, book.tickets), (bodies, book.messages), (files, book.files))
        for there, marks in wanted:
            yield from (f"{m} is there {there[m]} times" for m in marks if there[m] != 1)
        kept = (m for m in book.refused if bodies[m] or files[m])
        yield from (f"{mark} was refused and is there" for mark in kept)
    known = {mark for book in books for mark in book.tickets}
    yield from (f"nobody knows of ticket {name}" for name in subjects if name not in known)


def _traces(ticket_id: int, ticket: Model) -> Iterator[str]:
    own = [
        entry for entry in ticket["audit"] if entry.get("action") in set(Action)
    ]  # not of files
    try:
        outside.must_hold(ticket | {"audit": own})
    except AssertionError as broken:
        yield f"ticket {ticket_id}: {broken}"


def _no_reply_closed_over(ticket_id: int, ticket: Model) -> Iterator[str]:
    """A customer's message ends the waiting: none may stand between the waiting and a closing."""
    replied = False
    for event in ticket["events"]:
        data = event["data"]
        if event["event"] == "MessageAdded" and data["sender_type"] == "customer":
            replied = True
        elif event["event"] == "TicketStatusChanged":
            move = data["previous_status"], data["new_status"]
            if replied and move == ("waiting_customer", "closed"):
                yield f"ticket {ticket_id}: closed over a customer's reply"
            replied = False


def _events_arrived(database: Database, site: Site) -> Iterator[str]:
    stored = rows(database, "SELECT id, event_id, published_at FROM savctl_outbox")
    waiting = [row["id"] for row in stored if row["published_at"] is None]
    if waiting:
        yield f"{len(waiting)} events were never sent, the first {waiting[0]}"
    received = site.consumer.drain(len(stored) - len(waiting), within=_ARRIVED)
    first: dict[str, tuple[int, int]] = {}
    newest: dict[int, int] = defaultdict(int)
    for message in received:
        headers = message.properties.headers or {}
        name = str(message.properties.message_id)
        if name in first:
            continue  # consumers drop repeats
        ticket_id, number = int(headers["x-ticket-id"]), int(headers["x-sequence"])
        if number < newest[ticket_id]:
            yield f"ticket {ticket_id}: event {number} came after {newest[ticket_id]}"
        newest[ticket_id] = number
        first[name] = (ticket_id, number)
    lost = [
        r["id"] for r in stored if r["published_at"] is not None and r["event_id"] not in first
    ]
    if lost:
        yield f"{len(lost)} events that were marked as sent never arrived, the first {lost[0]}"


def _leases_are_free(database: Database) -> Iterator[str]:
    query = "SELECT name, owner FROM savctl_leases WHERE owner IS NOT NULL AND expires_at > NOW(6)"
    yield from (f"{row['owner']} holds the lease {row['name']}" for row in rows(database, query))


def _own_checks(crew: Crew) -> Iterator[str]:
    for words in (("db", "check"), ("attachment", "verify")):
        code, out, err = crew.run(*words, "-o", "json")
        if code != 0:
            found = json.loads(out) if out.strip() else err
            yield f"savctl {' '.join(words)} ended with {code}: {str(found)[:2000]}"
    yield from crew.complaints
