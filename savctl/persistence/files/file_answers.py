"""Files that may be a customer's answer: those that no agent is known to have attached.

Who attached a file is known by the message that it hangs on, else by the audit; of a file that
another program stored without a message nobody knows (rules 20.5).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from savctl.domain.access.file_access import FileAction
from savctl.domain.model.ticket import Ticket
from savctl.domain.tickets.closing import LastFile
from savctl.domain.tickets.message_origins import origins
from savctl.persistence.schema.tables import audit
from savctl.persistence.sql import fetched, id_list, placeholder
from savctl.persistence.types import instant_of, time_text

# In text: to fill a thousand ids into a compiled query takes as long as the answer.
_NEWER = (
    "SELECT a.id, a.ticket_id, a.created_at, m.sender_type FROM ticket_attachments a "
    "LEFT JOIN savctl_files f ON f.attachment_id = a.id "
    "LEFT JOIN ticket_messages m ON m.id = a.message_id "
    "WHERE a.ticket_id IN ({ids}) AND a.created_at >= {since} AND f.deleted_at IS NULL"
)


class _File(NamedTuple):
    """A file of a ticket; `side` is who wrote the message that it hangs on, None without one."""

    id: int
    ticket_id: int
    created_at: datetime
    side: str | None


def last_files(connection: Connection, tickets: Sequence[Ticket]) -> dict[int, LastFile]:
    """The newest such file of each of these tickets, since its present status; one query.

    A second one, for the tickets that have files which hang on no message. Soft-deleted files
    do not count: somebody has seen them.
    """
    by_id = {ticket.id: ticket for ticket in tickets}
    since = {i: entered for i, t in by_id.items() if (entered := _since(t)) is not None}
    found = [row for row in _newer(connection, since) if row.created_at > since[row.ticket_id]]
    actors = _actors(connection, [by_id[row.ticket_id] for row in found if row.side is None])
    last: dict[int, LastFile] = {}
    for row in found:
        is_customers = _is_customers(row, by_id[row.ticket_id], actors)
        if is_customers is not False:
            last[row.ticket_id] = _later(last.get(row.ticket_id), row, is_customers)
    return last


def _since(ticket: Ticket) -> datetime | None:
    return ticket.entered_status_at or ticket.resolved_at or ticket.updated_at


def _newer(connection: Connection, since: Mapping[int, datetime]) -> list[_File]:
    if not since:
        return []
    query = _NEWER.format(ids=id_list(sorted(since)), since=placeholder(connection))
    rows = fetched(connection, query, (time_text(min(since.values())),))
    dialect = connection.dialect
    found = [(i, ticket_id, instant_of(at, dialect), side) for i, ticket_id, at, side in rows]
    return [_File(i, ticket_id, at, side) for i, ticket_id, at, side in found if at is not None]


def _actors(connection: Connection, tickets: Sequence[Ticket]) -> dict[int, int | None]:
    """Who attached the files of these tickets, by the audit; of merged ones at their own."""
    ids = {ticket.id for ticket in tickets}
    ids |= {origin.ticket_id for t in tickets for origin in origins(t.metadata)}
    if not ids:
        return {}
    query = select(audit.c.actor, audit.c.entry).where(
        audit.c.ticket_id.in_(sorted(ids)), audit.c.action == str(FileAction.ADDED)
    )
    return {json.loads(entry)["attachment_id"]: by for by, entry in connection.execute(query)}


def _is_customers(row: _File, ticket: Ticket, actors: Mapping[int, int | None]) -> bool | None:
    """Whether the customer attached it, or an agent; None where nobody knows."""
    if row.side is not None:
        return bool(row.side == "customer")
    actor = actors.get(row.id)
    return None if actor is None else actor == ticket.user_id


def _later(last: LastFile | None, row: _File, is_customers: bool | None) -> LastFile:
    known = last or LastFile()
    at = row.created_at
    return LastFile(
        unproven_at=max(at, known.unproven_at or at),
        customer_at=max(at, known.customer_at or at) if is_customers else known.customer_at,
    )
