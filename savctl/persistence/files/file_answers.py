"""Files that may be a customer's answer: those that no agent is known to have attached.

Who attached a file is known by the message that it hangs on, else by the audit; of a file that
another program stored without a message nobody knows (rules 20.5).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from savctl.domain.access.file_access import FileAction
from savctl.domain.model.ticket import Ticket
from savctl.domain.tickets.closing import LastFile
from savctl.domain.tickets.message_origins import origins
from savctl.persistence.schema.tables import audit, files, ticket_attachments, ticket_messages

_A, _M, _F = ticket_attachments.c, ticket_messages.c, files.c


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


def _newer(connection: Connection, since: Mapping[int, datetime]) -> Sequence[Any]:
    if not since:
        return []
    joined = ticket_attachments.outerjoin(files, _F.attachment_id == _A.id).outerjoin(
        ticket_messages, _M.id == _A.message_id
    )
    query = (
        select(_A.id, _A.ticket_id, _A.created_at, _M.sender_type.label("side"))
        .select_from(joined)
        .where(_A.ticket_id.in_(sorted(since)), _A.created_at >= min(since.values()))
        .where(_F.deleted_at.is_(None))
    )
    return connection.execute(query).all()


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


def _is_customers(row: Row[Any], ticket: Ticket, actors: Mapping[int, int | None]) -> bool | None:
    """Whether the customer attached it, or an agent; None where nobody knows."""
    if row.side is not None:
        return bool(row.side == "customer")
    actor = actors.get(row.id)
    return None if actor is None else actor == ticket.user_id


def _later(last: LastFile | None, row: Row[Any], is_customers: bool | None) -> LastFile:
    known = last or LastFile()
    at: datetime = row.created_at
    return LastFile(
        unproven_at=max(at, known.unproven_at or at),
        customer_at=max(at, known.customer_at or at) if is_customers else known.customer_at,
    )
