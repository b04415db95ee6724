"""Lists of tickets for people and scripts, a page at a time.

Pages follow a key (never OFFSET), so a page deep in a million tickets costs what the first does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    String,
    and_,
    func,
    literal,
    or_,
    select,
    type_coerce,
    union_all,
)
from sqlalchemy.types import NullType

from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.domain.model.ticket_filter import TicketFilter
from savctl.errors import InvalidInput
from savctl.persistence.engine import Database
from savctl.persistence.schema.tables import support_tickets
from savctl.persistence.tickets.ticket_conditions import conditions
from savctl.persistence.tickets.tickets import to_ticket
from savctl.persistence.visibility import seen_tickets

T = TypeVar("T")
# Of a page: the connection, its ids, and the conditions that its tickets must still meet.
Read = Callable[[Connection, Sequence[int], Sequence[ColumnElement[bool]]], Sequence[T]]

_T = support_tickets.c
_PAGE = 1000

SORTABLE = ("id", "created_at", "updated_at", "priority", "status", "ticket_number")
_LEVELS: dict[str, tuple[str, ...]] = {"priority": tuple(Priority), "status": tuple(Status)}


def list_tickets(
    database: Database,
    wanted: TicketFilter,
    *,
    sort: str = "-id",
    after: Ticket | None = None,
    limit: int = 50,
) -> Iterator[Ticket]:
    """The tickets in order, page by page; `limit` 0 is no limit.

    Each page is a short transaction of its own, so a long export holds nothing up.
    """
    return listed(database, wanted, _tickets, sort=sort, after=after, limit=limit)


def listed(
    database: Database,
    wanted: TicketFilter,
    read: Read[T],
    *,
    sort: str,
    after: Ticket | None = None,
    limit: int = 0,
) -> Iterator[T]:
    """The same of what `read` makes of a page of ids and of the conditions of the list."""
    order, place = _order(sort), None
    if order.levels or after is not None:  # else there is nothing to ask
        with database.reading() as connection:
            if order.levels:
                order = _with_foreign(connection, order)
            place = None if after is None else _place_of(connection, order, after)
    left = limit or None
    while left is None or left > 0:
        size = min(_PAGE, left) if left else _PAGE
        with database.reading() as connection:
            places = _places(connection, wanted, order, place, size)
            ids = [place.id for place in places]
            page = read(connection, ids, _still(connection, wanted)) if ids else ()
        yield from page
        if len(places) < size:
            return
        place = places[-1]
        left = left - size if left is not None else None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a ticket stands: its id, and what it is ordered by as the database has it stored.

    A zero date is no time, and still has its place.
    """

    id: int
    value: Any


@dataclass(frozen=True, slots=True)
class _Order:
    """By a field and then by id, both in the same direction."""

    field: str
    descending: bool
    levels: tuple[str, ...] = ()

    def by(self, *keys: ColumnElement[Any]) -> list[ColumnElement[Any]]:
        """These columns in the order's direction."""
        return [key.desc() if self.descending else key.asc() for key in keys]

    def behind(self, column: ColumnElement[Any], value: object) -> ColumnElement[bool]:
        """Further on than this value."""
        return column < value if self.descending else column > value

    def is_passed(self, level: str, at: str) -> bool:
        """Whether a level comes before another in this order."""
        here, there = self.rank(level), self.rank(at)
        return here > there if self.descending else here < there

    def rank(self, level: str) -> int:
        """Where a level stands; one that nobody has by now stands before all others."""
        return self.levels.index(level) if level in self.levels else -1


def _order(sort: str) -> _Order:
    field = sort.removeprefix("-")
    if field not in SORTABLE:
        raise InvalidInput(
            f"cannot sort by {field!r}",
            hint=f"Use one of {', '.join(SORTABLE)}; prefix - for descending.",
        )
    return _Order(field, sort.startswith("-"), _LEVELS.get(field, ()))


def _with_foreign(connection: Connection, order: _Order) -> _Order:
    """The order with the values that the column has and the schema has not, first.

    A server stores '' for every one of them. SQLite is asked in jumps along the index, because to
    look for what is none of some values reads all of it.
    """
    column = type_coerce(_T[order.field], String)
    if connection.dialect.name != "sqlite":
        return replace(order, levels=("", *order.levels))
    found: list[str] = []
    value = connection.execute(select(func.min(column))).scalar()
    while value is not None:
        found.append(value)
        value = connection.execute(select(func.min(column)).where(column > value)).scalar()
    foreign = tuple(one for one in found if one not in order.levels)
    return replace(order, levels=(*foreign, *order.levels))


def _still(connection: Connection, wanted: TicketFilter) -> list[ColumnElement[bool]]:
    """What leaves out of a page those that were changed since its ids were read."""
    return [*conditions(wanted, connection.dialect.name), *seen_tickets(connection)]


def _tickets(
    connection: Connection, ids: Sequence[int], still: Sequence[ColumnElement[bool]]
) -> list[Ticket]:
    """The rows of a page, in the order of the ids."""
    query = select(support_tickets).where(_T.id.in_(ids), *still)
    found = {row.id: to_ticket(row) for row in connection.execute(query)}
    return [found[ticket_id] for ticket_id in ids if ticket_id in found]


def _place_of(connection: Connection, order: _Order, ticket: Ticket) -> _Place:
    """The place of a ticket; of one that is gone by now, where it stood."""
    query = select(_stored(order)).where(_T.id == ticket.id)
    row = connection.execute(query).first()
    name = "number" if order.field == "ticket_number" else order.field
    return _Place(ticket.id, row[0] if row is not None else getattr(ticket, name))


def _places(
    connection: Connection, wanted: TicketFilter, order: _Order, after: _Place | None, size: int
) -> list[_Place]:
    """The places of a page, from the indexes alone.

    Asked for whole rows, servers leave the index or read all of it up to the page.
    """
    seen = seen_tickets(connection)
    strands = [
        strand.where(*seen).limit(size)
        for strand in _strands(connection.dialect.name, wanted, order, after)
    ]
    if not strands:
        return []
    query = strands[0]
    if len(strands) > 1:
        both = union_all(*(select(strand.subquery()) for strand in strands)).subquery()
        query = select(both.c.key, both.c.id).order_by(*order.by(both.c.key, both.c.id))
    rows = connection.execute(query.limit(size))
    if order.levels:
        return [_Place(row.id, order.levels[row.key]) for row in rows]
    return [_Place(row.id, row.key) for row in rows]


def _strands(
    dialect: str, wanted: TicketFilter, order: _Order, after: _Place | None
) -> Iterator[Select[Any]]:
    """A query for each status and each priority there may be in the list.

    Within one of them the index has the ids in order, so that a page costs fifty of its entries;
    of several at once a server would sort everything there is.
    """
    others = conditions(replace(wanted, statuses=(), priorities=()), dialect)
    for status, priority in product(
        _choices(wanted.statuses, "status", order), _choices(wanted.priorities, "priority", order)
    ):
        level = {"status": status, "priority": priority}.get(order.field)
        if after is not None and level is not None and order.is_passed(level, after.value):
            continue
        exact = [
            type_coerce(column, String) == str(value)
            for column, value in ((_T.status, status), (_T.priority, priority))
            if value is not None
        ]
        key = _key(order, level)
        query = select(key.label("key"), _T.id).where(*exact, *others)
        if after is not None:
            query = query.where(*_behind(order, level, after))
        yield query.order_by(*order.by(*(_keys(order) if level is None else [_T.id])))


def _choices(asked: Sequence[str], field: str, order: _Order) -> Sequence[str | None]:
    """The values to look for one by one; None stands for any."""
    return asked or (order.levels if order.field == field else (None,))


def _key(order: _Order, level: str | None) -> ColumnElement[Any]:
    """What the strands are put together by; an ENUM by its rank, which SQLite does not know."""
    return _stored(order) if level is None else literal(order.rank(level))


def _stored(order: _Order) -> ColumnElement[Any]:
    """The column of the order, read as the driver has it."""
    return type_coerce(_T[order.field], NullType())


def _keys(order: _Order) -> list[ColumnElement[Any]]:
    """The columns of the order; what is unique needs no second one."""
    unique = order.field in {"id", "ticket_number"}
    return [_stored(order)] if unique else [_stored(order), _T.id]


def _behind(order: _Order, level: str | None, after: _Place) -> list[ColumnElement[bool]]:
    """What rows of a strand must be to come behind this one."""
    if level is not None:
        same = level == after.value
        return [order.behind(_T.id, after.id)] if same else []
    value, column = after.value, _stored(order)
    if len(_keys(order)) == 1:
        return [order.behind(column, value)]
    further_id = order.behind(_T.id, after.id)
    # a time that another program left empty is the lowest, on every database; to MariaDB a zero
    # date in a NOT NULL column is empty as well, and nothing else ever is there
    if value is None:
        among_empty = and_(column.is_(None), further_id)
        return [among_empty if order.descending else or_(column.is_not(None), among_empty)]
    further = order.behind(column, value)
    empty = [column.is_(None)] if order.descending else []
    return [or_(further, *empty, and_(column == value, further_id))]
