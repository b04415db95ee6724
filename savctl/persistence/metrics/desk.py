"""The tickets as metrics count them."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from savctl.domain.model.states import Status
from savctl.domain.sla.targets import COUNTED
from savctl.persistence.schema.tables import sla_breaches, support_tickets

_T, _B = support_tickets.c, sla_breaches.c
_AT_WORK = (Status.OPEN, Status.IN_PROGRESS, Status.WAITING_CUSTOMER)


def at_least_as_many_tickets(connection: Connection) -> int:
    """An upper bound of their number, by the first and the last id: two looks at the key."""
    first, last = connection.execute(select(func.min(_T.id), func.max(_T.id))).one()
    return 0 if first is None else int(last) - int(first) + 1


def count_by_status_and_priority(connection: Connection) -> dict[tuple[str, str], int]:
    """All tickets, by the index of both."""
    query = select(_T.status, _T.priority, func.count()).group_by(_T.status, _T.priority)
    return {(str(s), str(p)): int(count) for s, p, count in connection.execute(query)}


def count_unassigned(connection: Connection) -> int:
    """Those at work without an agent, by the index of agent and status."""
    query = select(func.count()).where(
        _T.assigned_to.is_(None), _T.status.in_([str(status) for status in _AT_WORK])
    )
    return int(connection.execute(query).scalar_one())


def breached_at_work(connection: Connection, *, after_id: int, limit: int) -> list[int]:
    """The next tickets that are open or in progress and have a breach written down."""
    query = (
        select(_B.ticket_id)
        .distinct()
        .join_from(sla_breaches, support_tickets, _T.id == _B.ticket_id)
        .where(_B.ticket_id > after_id, _T.status.in_(sorted(str(one) for one in COUNTED)))
        .order_by(_B.ticket_id)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())
