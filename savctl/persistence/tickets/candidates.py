"""Which tickets a closing job has to look at: pages of ids, by keyset (rules 10.2).

SQL narrows to a superset of the due ones without locking anything; the rule decides on each
ticket once it is locked.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, Dialect, Select, and_, func, or_, select, text

from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.persistence.schema.tables import support_tickets
from savctl.persistence.sql import id_list
from savctl.persistence.tickets.tickets import WORDLESS, driver_ticket

_T = support_tickets.c


class Pages(Protocol):
    """Ids to work through, a page at a time."""

    def page(self, connection: Connection, *, after_id: int, limit: int) -> list[int]:
        """The next ids in order; empty at the end."""
        ...


class TicketPages(Protocol):
    """Tickets to be looked at, whatever becomes of them."""

    def query(self, after_id: int) -> Select[Any]:
        """Their ids in order, behind one of them."""
        ...


NumberOf = Callable[[Connection, int], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """The tickets of one status; of the resolved, those whose window may be over by now."""

    status: Status
    resolved_by: datetime | None = None

    def page(self, connection: Connection, *, after_id: int, limit: int) -> list[int]:
        """The next ids in order."""
        return [row.id for row in connection.execute(self._ids(after_id).limit(limit))]

    def count(self, connection: Connection, *, after_id: int = 0, up_to: int | None = None) -> int:
        """How many there are behind an id; counting stops at `up_to`."""
        ids = self._ids(after_id)
        if up_to is not None:
            ids = ids.limit(up_to)
        counted = select(func.count()).select_from(ids.subquery())
        return int(connection.execute(counted).scalar_one())

    def still(self, connection: Connection, ids: Sequence[int]) -> list[tuple[int, str]]:
        """Those of these ids that are candidates now, with their numbers, in id order."""
        query = select(_T.id, _T.ticket_number).where(_T.id.in_(ids), self._condition)
        return [(row.id, row.ticket_number) for row in connection.execute(query.order_by(_T.id))]

    @property
    def _condition(self) -> ColumnElement[bool]:
        if self.resolved_by is None:
            return _T.status == self.status
        is_over = or_(_T.resolved_at.is_(None), _T.resolved_at <= self.resolved_by)
        return and_(_T.status == self.status, is_over)

    def _ids(self, after_id: int) -> Select[tuple[int]]:
        query = select(_T.id).where(self._condition).order_by(_T.id)
        if after_id:  # "id > 0" would make MySQL sort all of them
            query = query.where(_T.id > after_id)
        # Else MySQL merges the index of the status, which is in order of ids already, with the
        # primary key, and sorts what is left, for each page again.
        return query.with_hint(support_tickets, "IGNORE INDEX (PRIMARY)", "mysql")


@dataclass(frozen=True, slots=True)
class AllTickets:
    """Every ticket."""

    def query(self, after_id: int) -> Select[Any]:
        """Their ids in order, behind one of them."""
        return select(_T.id).where(_T.id > after_id).order_by(_T.id)

    def count(self, connection: Connection, *, after_id: int) -> int:
        """How many there are behind an id."""
        query = select(func.count()).select_from(support_tickets).where(_T.id > after_id)
        return int(connection.execute(query).scalar_one())


@dataclass(frozen=True, slots=True)
class TheseTickets:
    """Tickets whose ids are known, in order."""

    ids: Sequence[int]

    def page(self, connection: Connection, *, after_id: int, limit: int) -> list[int]:
        """The next ids in order; the database is not asked."""
        start = bisect_right(self.ids, after_id)
        return list(self.ids[start : start + limit])


def read_tickets(connection: Connection, ids: Sequence[int]) -> list[Ticket]:
    """These tickets as they stand, not locked, in id order; for counting only.

    They come without their words: subject and description are empty. A row that is no ticket (a
    value outside its ENUM) is left out: who works on it will name it.
    """
    return tickets_of(connection, read_rows(connection, these(ids), WORDLESS)) if ids else []


def read_page(
    connection: Connection, pages: TicketPages, *, after_id: int, limit: int
) -> tuple[list[Ticket], int | None]:
    """The next tickets as `read_tickets` reads them, and the last id; None at the end.

    One statement, where the ids first and then their rows would be two, one of them long.
    """
    rows = read_rows(connection, pages.query(after_id).limit(limit), WORDLESS)
    return tickets_of(connection, rows), rows[-1][0] if rows else None


def these(ids: Sequence[int]) -> Select[Any]:
    """These ids, in order: as text, or SQLAlchemy looks at each."""
    return select(_T.id).where(text(f"id IN ({id_list(ids)})")).order_by(_T.id)


def read_rows(
    connection: Connection, ids: Select[Any], names: Sequence[str]
) -> Sequence[Sequence[Any]]:
    """Some columns of the tickets of a query, in the driver's own words.

    What SQLAlchemy does for each value takes longer than to read it.
    """
    columns = [_T[name] for name in names]
    return connection.execute(ids.with_only_columns(*columns)).cursor.fetchall()


def tickets_of(connection: Connection, rows: Sequence[Sequence[Any]]) -> list[Ticket]:
    """The tickets of rows of `WORDLESS`."""
    found = (_counted(row, connection.dialect) for row in rows)
    return [ticket for ticket in found if ticket is not None]


def _counted(row: Sequence[Any], dialect: Dialect) -> Ticket | None:
    """The ticket of a row in the driver's own words, None for a row that is none."""
    try:
        return driver_ticket(row, dialect, has_words=False)
    except ValueError:
        return None


def number_of(connection: Connection, ticket_id: int) -> str | None:
    """A ticket's number, also of one whose row cannot be read as a ticket."""
    query = select(_T.ticket_number).where(_T.id == ticket_id)
    return connection.execute(query).scalar()
