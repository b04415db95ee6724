"""Tickets that are not closed, counted; closed ones are never read, however many there are."""

from __future__ import annotations

from sqlalchemy import Connection, func, or_, select

from savctl.domain.model.states import Status
from savctl.domain.sla.clock import Side
from savctl.domain.sla.targets import COUNTED
from savctl.persistence.schema.tables import sla_breaches, support_tickets, ticket_messages

_T, _B, _M = support_tickets.c, sla_breaches.c, ticket_messages.c
QUEUED = (Status.OPEN, Status.IN_PROGRESS, Status.WAITING_CUSTOMER, Status.RESOLVED)
_HELD = (Status.OPEN, Status.IN_PROGRESS, Status.WAITING_CUSTOMER)


def by_status(connection: Connection) -> dict[tuple[str, str], int]:
    """How many tickets there are by (status, priority), without the closed ones."""
    query = select(_T.status, _T.priority, func.count()).where(_T.status.in_(QUEUED))
    rows = connection.execute(query.group_by(_T.status, _T.priority))
    return {(str(status), str(priority)): int(count) for status, priority, count in rows}


def unassigned(connection: Connection) -> int:
    """How many open tickets nobody has."""
    query = select(func.count()).where(_T.assigned_to.is_(None), _T.status == Status.OPEN)
    return int(connection.execute(query).scalar_one())


def by_agent(connection: Connection) -> dict[int, dict[str, int]]:
    """How many unsolved tickets each agent has, by status."""
    query = select(_T.assigned_to, _T.status, func.count()).where(
        _T.assigned_to.is_not(None), _T.status.in_(_HELD)
    )
    found: dict[int, dict[str, int]] = {}
    for agent, status, count in connection.execute(query.group_by(_T.assigned_to, _T.status)):
        found.setdefault(int(agent), {})[str(status)] = int(count)
    return found


def running_breaches(connection: Connection) -> dict[str, int]:
    """How many targets passed whose clock still runs, by side, as the ledger has them.

    A late first answer ends its clock, a ticket that waits or is solved runs none.
    """
    answered = (
        select(_M.id)
        .where(_M.ticket_id == _T.id, _M.sender_type == "agent", _M.is_internal.is_(False))
        .exists()
    )
    query = (
        select(_B.side, func.count())
        .join_from(support_tickets, sla_breaches, _B.ticket_id == _T.id)
        .where(_T.status.in_(sorted(COUNTED)), or_(_B.side == str(Side.RESOLUTION), ~answered))
        .group_by(_B.side)
    )
    counts = {str(side): int(count) for side, count in connection.execute(query)}
    return {str(side): counts.get(str(side), 0) for side in Side}
