"""What else people ask for: one query each, plain rows, no rules."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, and_, exists, false, func, select

from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.persistence.schema.tables import (
    files,
    support_tickets,
    ticket_attachments,
    ticket_messages,
)
from savctl.persistence.tickets.tickets import to_ticket
from savctl.persistence.visibility import seen_files, seen_tickets

_T = support_tickets.c


def next_ticket(connection: Connection, *, agent_id: int | None) -> Ticket | None:
    """The ticket to work on: the most urgent, then the oldest, of the queue and one's own.

    One small indexed query for each level: an ENUM sorted downwards with ids upwards would
    sort the whole queue.
    """
    waiting = and_(_T.status == Status.OPEN, _T.assigned_to.is_(None))
    own = and_(_T.status == Status.IN_PROGRESS, _T.assigned_to == agent_id)
    kinds = [waiting] if agent_id is None else [own, waiting]
    seen = seen_tickets(connection)
    for level in reversed(tuple(Priority)):
        found = []
        for kind in kinds:
            query = select(support_tickets).where(kind, _T.priority == level, *seen)
            row = connection.execute(query.order_by(_T.id).limit(1)).first()
            found += [to_ticket(row)] if row else []
        if found:
            return min(found, key=lambda ticket: ticket.id)
    return None


def unread(connection: Connection, *, agent_id: int | None) -> list[dict[str, Any]]:
    """Tickets that are not closed with customers' messages no agent has read, oldest first."""
    m = ticket_messages.c
    query = (
        select(
            _T.id,
            _T.ticket_number,
            _T.status,
            _T.assigned_to,
            func.count().label("unread"),
            func.min(m.created_at).label("oldest_at"),
        )
        .select_from(support_tickets.join(ticket_messages, m.ticket_id == _T.id))
        .where(
            _T.status.in_([s for s in Status if s is not Status.CLOSED]),
            m.sender_type == "customer",
            m.is_internal == false(),  # a note that a merge made of another customer's words
            m.read_at.is_(None),
            *seen_tickets(connection),
        )
        .group_by(_T.id, _T.ticket_number, _T.status, _T.assigned_to)
        .order_by(func.min(m.created_at), _T.id)
    )
    if agent_id is not None:
        query = query.where(_T.assigned_to == agent_id)
    return [dict(row) for row in connection.execute(query).mappings()]


def attachments_of(connection: Connection, ticket_id: int) -> list[dict[str, Any]]:
    """The attachment records of a ticket, oldest first, without soft-deleted ones."""
    a = ticket_attachments.c
    is_deleted = exists().where(files.c.attachment_id == a.id, files.c.deleted_at.is_not(None))
    query = select(ticket_attachments).where(a.ticket_id == ticket_id, ~is_deleted)
    query = query.where(*seen_files(connection)).order_by(a.id)
    return [dict(row) for row in connection.execute(query).mappings()]


def count_by_status(connection: Connection, *, user_id: int | None = None) -> dict[str, int]:
    """How many tickets are in each status."""
    query = select(_T.status, func.count()).group_by(_T.status)
    if user_id is not None:
        query = query.where(_T.user_id == user_id)
    found = {status: int(count) for status, count in connection.execute(query)}
    return {status.value: found.get(status, 0) for status in Status}
