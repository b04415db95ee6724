"""What reports read: tickets by when they were created or still open, pages of them by id."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, not_, or_, select

from savctl.domain.sla.clock import Side
from savctl.persistence.metadata_sql import metadata_has
from savctl.persistence.schema.tables import sla_breaches, support_tickets, ticket_messages

_T, _M, _B = support_tickets.c, ticket_messages.c, sla_breaches.c


@dataclass(frozen=True, slots=True)
class CreatedBetween:
    """The tickets created from `since` (included) until `until`."""

    since: datetime
    until: datetime

    def query(self, after_id: int) -> Select[Any]:
        """Their ids in order, behind one of them."""
        query = select(_T.id).where(
            _T.id > after_id, _T.created_at >= self.since, _T.created_at < self.until
        )
        return query.order_by(_T.id)


@dataclass(frozen=True, slots=True)
class LivedUntil:
    """The tickets created by `until`; with `since`, those that were not closed before."""

    until: datetime
    since: datetime | None = None

    def query(self, after_id: int) -> Select[Any]:
        """Their ids in order, behind one of them."""
        query = select(_T.id).where(_T.id > after_id, _T.created_at < self.until)
        if self.since is not None:
            query = query.where(or_(_T.closed_at.is_(None), _T.closed_at >= self.since))
        return query.order_by(_T.id)


def customer_messages_by_day(
    connection: Connection, since: datetime, until: datetime
) -> dict[str, int]:
    """How many messages customers wrote, by day (`2025-10-03`, UTC)."""
    day = func.date(_M.created_at)
    query = (
        select(day, func.count())
        .where(
            _M.sender_type == "customer",
            _M.created_at >= since,
            _M.created_at < until,
        )
        .group_by(day)
    )
    return {str(found): int(count) for found, count in connection.execute(query)}


def breaches_by(
    connection: Connection, column: str, since: datetime, until: datetime
) -> dict[tuple[str | int | None, Side], int]:
    """How many targets passed, by a column of the ticket as it is now and by side; merged ones
    left out.
    """
    held = _T[column]
    query = (
        select(held, _B.side, func.count())
        .join_from(sla_breaches, support_tickets, _T.id == _B.ticket_id)
        .where(_B.at >= since, _B.at < until, _is_not_merged(connection.dialect.name))
        .group_by(held, _B.side)
    )
    return {(name, Side(side)): int(n) for name, side, n in connection.execute(query)}


def _is_not_merged(dialect: str) -> ColumnElement[bool]:
    """Whether the ticket is still one of its own: merged ones leave the statistics (rules 6.3)."""
    return not_(metadata_has("merged_into.ticket_id", dialect))
