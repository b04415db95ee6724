"""What reports read: tickets by when they were created or still open, pages of them by id."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from sqlalchemy import ColumnElement, Connection, Select, func, not_, or_, select

from savctl.domain.model.ticket import Ticket
from savctl.domain.sla.clock import Side
from savctl.domain.sla.plain_life import CountedRow, PlainLife, plain_life
from savctl.persistence.metadata_sql import metadata_has
from savctl.persistence.schema.tables import sla_breaches, support_tickets, ticket_messages
from savctl.persistence.sla.packed_rows import (
    COUNTED_COLUMNS,
    counted_rows,
    packed_ids,
    packed_rows,
)
from savctl.persistence.tickets.candidates import read_rows, read_tickets, these, tickets_of
from savctl.persistence.tickets.tickets import WORDLESS

_T, _M, _B = support_tickets.c, ticket_messages.c, sla_breaches.c
_SPARSE = 8  # one in so many: to pass over a row costs less than to look one up
_FETCHED = 10_000


class TicketSpan(Protocol):
    """Which tickets a report is about."""

    def conditions(self) -> Sequence[ColumnElement[bool]]:
        """What each of them is."""
        ...


@dataclass(frozen=True, slots=True)
class CreatedBetween:
    """The tickets created from `since` (included) until `until`."""

    since: datetime
    until: datetime

    def conditions(self) -> Sequence[ColumnElement[bool]]:
        """What each of them is."""
        return _T.created_at >= self.since, _T.created_at < self.until


@dataclass(frozen=True, slots=True)
class LivedUntil:
    """The tickets created by `until`; with `since`, those that were not closed before."""

    until: datetime
    since: datetime | None = None

    def conditions(self) -> Sequence[ColumnElement[bool]]:
        """What each of them is."""
        is_born = _T.created_at < self.until
        if self.since is None:
            return (is_born,)
        return is_born, or_(_T.closed_at.is_(None), _T.closed_at >= self.since)


class SpanReader(Protocol):
    """The tickets of a span, a page at a time in id order."""

    def rows(
        self, connection: Connection, names: Sequence[str], *, after_id: int, limit: int
    ) -> tuple[Sequence[Sequence[Any]], int | None]:
        """Columns of the next tickets, the id first, and the last id; None at the end."""
        ...

    def counted(
        self, connection: Connection, *, after_id: int, limit: int
    ) -> tuple[Iterable[CountedRow], int | None]:
        """What reports read of the next tickets, and the last id; None at the end."""
        ...


def read_counted(
    connection: Connection, reader: SpanReader, *, after_id: int, limit: int
) -> tuple[list[Ticket], int | None]:
    """The next tickets of a span, without words, and the last id; None at the end."""
    rows, last_id = reader.rows(connection, WORDLESS, after_id=after_id, limit=limit)
    return tickets_of(connection, rows), last_id


class LifePage(NamedTuple):
    """Tickets whose history proves everything, and all others; the last id, None at the end."""

    lives: list[PlainLife]
    tickets: list[Ticket]
    last_id: int | None


def read_lives(
    connection: Connection,
    reader: SpanReader,
    *,
    after_id: int,
    limit: int,
    until: datetime | None = None,
) -> LifePage:
    """The next tickets of a span; with `until`, all of which something is later are others.

    The others are read once more, whole: they are few.
    """
    rows, last_id = reader.counted(connection, after_id=after_id, limit=limit)
    lives: list[PlainLife] = []
    others: list[int] = []
    for counted in rows:
        life = plain_life(counted, until=until)
        if life is None:
            others.append(counted.id)
        else:
            lives.append(life)
    return LifePage(lives, read_tickets(connection, others), last_id)


def span_reader(connection: Connection, span: TicketSpan) -> SpanReader:
    """The shorter way to the tickets that are there now.

    Their ids come from an index alone. Where they are few among others, each is read by its id;
    where they are most of what lies between the first and the last, those are read in order.
    """
    among = select(func.count(), func.min(_T.id), func.max(_T.id)).where(*span.conditions())
    count, first, last = connection.execute(among).one()
    if not count or count * _SPARSE >= last - first + 1:
        return InOrder(span, max((first or 1) - 1, 0), last or 0)
    return ById(_ids(connection, span))


@dataclass(frozen=True, slots=True)
class InOrder:
    """Every ticket behind `before` up to `last` is looked at."""

    span: TicketSpan
    before: int
    last: int

    def query(self, after_id: int) -> Select[Any]:
        """The ids in order, behind one of them."""
        start = max(after_id, self.before)
        found = select(_T.id).where(_T.id > start, _T.id <= self.last, *self.span.conditions())
        # by the time's index a server would sort all of them for each page again
        for dialect in ("mysql", "mariadb"):
            found = found.with_hint(support_tickets, "FORCE INDEX (PRIMARY)", dialect)
        return found.order_by(_T.id)

    def rows(
        self, connection: Connection, names: Sequence[str], *, after_id: int, limit: int
    ) -> tuple[Sequence[Sequence[Any]], int | None]:
        """Columns of the next tickets, and the last id; None at the end."""
        found = read_rows(connection, self.query(after_id).limit(limit), names)
        return found, found[-1][0] if found else None

    def counted(
        self, connection: Connection, *, after_id: int, limit: int
    ) -> tuple[Iterable[CountedRow], int | None]:
        """What reports read of the next tickets, and the last id; None at the end."""
        found, last_id = self.rows(connection, COUNTED_COLUMNS, after_id=after_id, limit=limit)
        return counted_rows(connection, found), last_id


@dataclass(frozen=True, slots=True)
class ById:
    """Tickets whose ids are known, in order: eight bytes of memory for each."""

    ids: Sequence[int]

    def rows(
        self, connection: Connection, names: Sequence[str], *, after_id: int, limit: int
    ) -> tuple[Sequence[Sequence[Any]], int | None]:
        """Columns of the next tickets, and the last id; None at the end."""
        ids = self._next(after_id, limit)
        return (read_rows(connection, these(ids), names), ids[-1]) if ids else ((), None)

    def counted(
        self, connection: Connection, *, after_id: int, limit: int
    ) -> tuple[Iterable[CountedRow], int | None]:
        """What reports read of the next tickets, and the last id; None at the end."""
        ids = self._next(after_id, limit)
        if not ids:
            return (), None
        packed = packed_rows(connection, ids)
        if packed is not None:
            return packed, ids[-1]
        rows = read_rows(connection, these(ids), COUNTED_COLUMNS)
        return counted_rows(connection, rows), ids[-1]

    def _next(self, after_id: int, limit: int) -> Sequence[int]:
        start = bisect_right(self.ids, after_id)
        return self.ids[start : start + limit]


def _ids(connection: Connection, span: TicketSpan) -> Sequence[int]:
    wanted = span.conditions()
    packed = packed_ids(connection, wanted)
    if packed is not None:
        return packed
    query = select(_T.id).where(*wanted).order_by(_T.id)
    rows = connection.execute(query, execution_options={"yield_per": _FETCHED})
    return array("Q", (ticket_id for ticket_id in rows.scalars() if ticket_id > 0))


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
