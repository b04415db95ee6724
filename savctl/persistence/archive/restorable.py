"""Whether a ticket's rows could be inserted again: what cannot come back never leaves."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from savctl.domain.model.metadata import Metadata
from savctl.persistence.archive.reading_back import read_back
from savctl.persistence.archive.row_values import NotFaithful, PlainRow
from savctl.persistence.archive.snapshot_columns import DECLARED, TIMES, Columns
from savctl.persistence.archive.ticket_snapshot import (
    TicketSnapshot,
    delete_whole,
    insert_whole,
    read_whole,
)
from savctl.persistence.schema.tables import support_tickets, ticket_attachments, ticket_messages
from savctl.persistence.types import Choice

_ZERO_DATE = "0000-00-00"
_CHOICES = {
    table.name: {
        c.name: frozenset(c.type.enums) for c in table.columns if isinstance(c.type, Choice)
    }
    for table in (support_tickets, ticket_messages, ticket_attachments)
}


def require_insertable(whole: TicketSnapshot) -> None:
    """Pass when the service's tables would take every row of a ticket again.

    Raises:
        NotFaithful: the first row that would be refused, and why.
    """
    rows = [("support_tickets", whole.ticket)]
    rows += [("ticket_messages", row) for row in whole.messages]
    rows += [("ticket_attachments", row) for row in whole.attachments]
    for table, row in rows:
        for problem in _problems(table, row):
            raise NotFaithful(f"{table} {row['id']} has {problem}")
    messages = {row["id"] for row in whole.messages}
    for row in whole.attachments:
        if row["message_id"] is not None and row["message_id"] not in messages:
            raise NotFaithful(
                f"ticket_attachments {row['id']} hangs on message {row['message_id']}, "
                "which is not on this ticket"
            )


def needs_trial(columns: Columns, whole: TicketSnapshot) -> bool:
    """Whether only the database itself can decide: other programs' columns have types and rules of
    their own, and each server has its own view of what JSON is."""
    if any(set(names) - DECLARED[table] for table, names in columns.items()):
        return True
    text = whole.ticket["metadata"]
    return text is not None and ("\\" in str(text) or Metadata.read(str(text)).was_unreadable)


def try_out(connection: Connection, columns: Columns, tickets: list[TicketSnapshot]) -> None:
    """Delete tickets and insert them again, to be rolled back by the caller.

    Raises:
        NotFaithful: one of them is in use, or did not come back as it was.
        DBAPIError: the database refuses a row.
    """
    ids = [whole.ticket["id"] for whole in tickets]
    locked = read_whole(connection, columns, ids, lock=True)
    for ticket_id in ids:
        if ticket_id not in locked:
            raise NotFaithful("it is in use by another program or command at this moment")
    delete_whole(connection, list(locked.values()))
    for whole in tickets:
        insert_whole(connection, columns, whole)
    found = read_back(connection, columns, tickets)
    for whole in tickets:
        if found.get(whole.ticket["id"]) != whole:
            raise NotFaithful("it would not be restored as it is: did a trigger change it?")


def _problems(table: str, row: PlainRow) -> Iterator[str]:
    if row["id"] == 0:
        yield "the id 0, which a server takes for a new one"
    for name, known in _CHOICES[table].items():
        if row[name] not in known:
            yield f"the {name} {row[name]!r}, which its column does not take"
    for name in TIMES[table]:
        if str(row[name]).startswith(_ZERO_DATE):
            yield f"a zero date as {name}"
