"""The tickets as metrics count them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, func, select

from savctl.domain.model.states import Status
from savctl.domain.sla.targets import COUNTED
from savctl.persistence.schema.tables import support_tickets

_T = support_tickets.c
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


class TicketsAtWork:
    """The tickets whose clocks may run: open and in progress."""

    def conditions(self) -> Sequence[ColumnElement[bool]]:
        """What each of them is."""
        return (_T.status.in_(sorted(str(status) for status in COUNTED)),)
