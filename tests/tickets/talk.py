"""Conversations to merge and split, and how another program finds them afterwards."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from savctl.domain.model.ticket import Ticket
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.conversation import add_message
from savctl.usecases.tickets.merging import Merged, MergeOptions, merge_tickets
from tests.given import AGENT, BOSS, CUSTOMER, rows

STRANGER = 789  # another customer


def say(
    database: Database,
    clock: SetClock,
    ticket: Ticket,
    words: str,
    *,
    sender: tuple[str, int] = ("customer", CUSTOMER),
    internal: bool = False,
) -> int:
    """A message on a ticket; answers its id."""
    change, _, _ = add_message(
        Operation(database, clock), ticket.id, sender=sender, body=words, internal=internal
    )
    assert change.message_id is not None
    return change.message_id


def answer(database: Database, clock: SetClock, ticket: Ticket, words: str = "Soon.") -> int:
    """A public message of the agent."""
    return say(database, clock, ticket, words, sender=("agent", AGENT))


def file_on(database: Database, ticket: Ticket, message_id: int | None = None) -> int:
    """An attachment record, on a message or on the ticket itself."""
    on = "NULL" if message_id is None else message_id
    name = f"{ticket.id}-{message_id}.png"
    at = "'2025-10-03 10:30:00'"
    database.transaction(
        lambda c: c.exec_driver_sql(
            "INSERT INTO ticket_attachments (ticket_id, message_id, original_name, filename, "
            "file_path, mime_type, file_size, created_at, updated_at) VALUES "
            f"({ticket.id}, {on}, '{name}', '{name}', 'tickets/{ticket.id}/{name}', "
            f"'image/png', 5, {at}, {at})"
        )
    )
    return int(rows(database, "SELECT MAX(id) AS id FROM ticket_attachments")[0]["id"])


def merge(
    database: Database,
    clock: SetClock,
    *sources: Ticket,
    into: Ticket,
    by: int | None = BOSS,
    key: str | None = None,
    dry_run: bool = False,
    **options: Any,
) -> Merged:
    """Merge as the boss."""
    return merge_tickets(
        Operation(database, clock, actor=by, idempotency_key=key, dry_run=dry_run),
        [source.id for source in sources],
        into.id,
        terms=MergeOptions(**options),
    )


def conversation(database: Database, ticket: Ticket) -> list[tuple[Any, ...]]:
    """The messages of a ticket: sender, words, whether internal, when."""
    found = rows(
        database,
        f"SELECT * FROM ticket_messages WHERE ticket_id = {ticket.id} ORDER BY created_at, id",
    )
    return [
        (row["sender_type"], row["sender_id"], row["message"], bool(row["is_internal"]))
        for row in found
    ]


def files_of(database: Database, ticket: Ticket) -> list[tuple[int, int | None]]:
    """The attachment records of a ticket, each with its message."""
    found = rows(database, f"SELECT * FROM ticket_attachments WHERE ticket_id = {ticket.id}")
    return sorted((row["id"], row["message_id"]) for row in found)


def row_of(database: Database, ticket: Ticket) -> dict[str, Any]:
    """The ticket's row with its metadata as JSON reads it."""
    (row,) = rows(database, f"SELECT * FROM support_tickets WHERE id = {ticket.id}")
    return {**row, "metadata": json.loads(row["metadata"])}


def steps(database: Database, ticket: Ticket) -> list[tuple[str, Any, Any]]:
    """The ticket's history: action, from, to."""
    history = row_of(database, ticket)["metadata"]["history"]
    return [(entry["action"], entry["from"], entry["to"]) for entry in history]


def published(database: Database, ticket: Ticket) -> list[tuple[str, dict[str, Any]]]:
    """The events of a ticket in order."""
    found = rows(
        database, f"SELECT envelope FROM savctl_outbox WHERE ticket_id = {ticket.id} ORDER BY id"
    )
    envelopes = [json.loads(row["envelope"]) for row in found]
    return [(envelope["event"], envelope["data"]) for envelope in envelopes]


def text_of(moment: datetime) -> str:
    """As the columns show it."""
    return moment.strftime("%Y-%m-%d %H:%M:%S")
