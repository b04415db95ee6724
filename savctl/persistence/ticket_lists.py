"""Lists of tickets for people and scripts, a page at a time.

Pages follow a key (never OFFSET), so a page deep in a million tickets costs what the first does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, literal, or_, select, union_all

from savctl.domain.priority import Priority
from savctl.domain.states import Status
from savctl.domain.ticket import Ticket
from savctl.domain.ticket_filter import TicketFilter
from savctl.errors import InvalidInput
from savctl.persistence.engine import Database
from savctl.persistence.tables import support_tickets
from savctl.persistence.ticket_conditions import conditions
from savctl.persistence.tickets import to_ticket

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
    order = _order(sort)
    left = limit or None
    while left is None or left > 0:
        size = min(_PAGE, left) if left else _PAGE
        with database.reading() as connection:
            ids = _ids(connection, wanted, order, after, size)
            page = _tickets(connection, wanted, ids)
        yield from page
        if len(ids) < size:
            return
        after = page[-1] if page else after
        left = left - size if left is not None else None


@dataclass(frozen=True, slots=True)
class _Order:
    """By a field and then by id, both in the same direction."""

    field: str
    descending: bool

    def by(self, *keys: ColumnElement[Any]) -> list[ColumnElement[Any]]:
        """These columns in the order's direction."""
        return [key.desc() if self.descending else key.asc() for key in keys]

    def behind(self, column: ColumnElement[Any], value: object) -> ColumnElement[bool]:
        """Further on than this value."""
        return column < value if self.descending else column > value

    def is_passed(self, level: str, at: str) -> bool:
        """Whether a level comes before another in this order."""
        levels = _LEVELS[self.field]
        here, there = levels.index(level), levels.index(at)
        return here > there if self.descending else here < there


def _order(sort: str) -> _Order:
    field = sort.removeprefix("-")
    if field not in SORTABLE:
        raise InvalidInput(
            f"cannot sort by {field!r}", hint=f"Use one of {', '.join(SORTABLE)}; - reverses."
        )
    return _Order(field, sort.startswith("-"))


def _tickets(connection: Connection, wanted: TicketFilter, ids: Sequence[int]) -> list[Ticket]:
    """The rows of a page, in the order of the ids, without those changed in between."""
    if not ids:
        return []
    still = conditions(wanted, connection.dialect.name)
    query = select(support_tickets).where(_T.id.in_(ids), *still)
    found = {row.id: to_ticket(row) for row in connection.execute(query)}
    return [found[ticket_id] for ticket_id in ids if ticket_id in found]


def _ids(
    connection: Connection, wanted: TicketFilter, order: _Order, after: Ticket | None, size: int
) -> list[int]:
    """The ids of a page, from the indexes alone.

    Asked for whole rows, servers leave the index or read all of it up to the page.
    """
    strands = [s.limit(size) for s in _strands(connection.dialect.name, wanted, order, after)]
    if not strands:
        return []
    query = strands[0]
    if len(strands) > 1:
        both = union_all(*(select(strand.subquery()) for strand in strands)).subquery()
        query = select(both.c.key, both.c.id).order_by(*order.by(both.c.key, both.c.id))
    return [row.id for row in connection.execute(query.limit(size))]


def _strands(
    dialect: str, wanted: TicketFilter, order: _Order, after: Ticket | None
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
        if after is not None and level and order.is_passed(level, getattr(after, order.field)):
            continue
        exact = [
            column == value
            for column, value in ((_T.status, status), (_T.priority, priority))
            if value is not None
        ]
        key = _key(order, level)
        query = select(key.label("key"), _T.id).where(*exact, *others)
        if after is not None:
            query = query.where(*_behind(order, level, after))
        yield query.order_by(*order.by(*([_T.id] if level else _keys(order))))


def _choices(asked: Sequence[str], field: str, order: _Order) -> Sequence[str | None]:
    """The values to look for one by one; None stands for any."""
    return asked or (_LEVELS[field] if order.field == field else (None,))


def _key(order: _Order, level: str | None) -> ColumnElement[Any]:
    """What the strands are put together by; an ENUM by its rank, which SQLite does not know."""
    return literal(_LEVELS[order.field].index(level)) if level else _T[order.field]


def _keys(order: _Order) -> list[ColumnElement[Any]]:
    """The columns of the order; what is unique needs no second one."""
    unique = order.field in {"id", "ticket_number"}
    return [_T[order.field]] if unique else [_T[order.field], _T.id]


def _behind(order: _Order, level: str | None, after: Ticket) -> list[ColumnElement[bool]]:
    """What rows of a strand must be to come behind this one."""
    if level is not None:
        same = level == getattr(after, order.field)
        return [order.behind(_T.id, after.id)] if same else []
    value = getattr(after, "number" if order.field == "ticket_number" else order.field)
    column = _T[order.field]
    if len(_keys(order)) == 1:
        return [order.behind(column, value)]
    further_id = order.behind(_T.id, after.id)
    # a time that another program left empty is the lowest, on every database
    if value is None:
        among_empty = and_(column.is_(None), further_id)
        return [among_empty if order.descending else or_(column.is_not(None), among_empty)]
    further = order.behind(column, value)
    empty = [column.is_(None)] if order.descending else []
    return [or_(further, *empty, and_(column == value, further_id))]
