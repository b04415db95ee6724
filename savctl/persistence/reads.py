"""Lists for people and scripts: a page at a time, plain rows, no rules.

Pages follow a key (never OFFSET), so a page deep in a million tickets costs what the first does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import product
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    text,
    union_all,
)

from savctl.domain.priority import Priority
from savctl.domain.states import Status
from savctl.domain.text import MAX_ID
from savctl.domain.ticket import Ticket
from savctl.errors import InvalidInput
from savctl.persistence.engine import Database
from savctl.persistence.outbox_queue import DEAD, WAITING
from savctl.persistence.tables import (
    files,
    outbox,
    support_tickets,
    ticket_attachments,
    ticket_messages,
)
from savctl.persistence.tickets import to_ticket

_T = support_tickets.c
_PAGE = 1000

SORTABLE = ("id", "created_at", "updated_at", "priority", "status", "ticket_number")
_LEVELS: dict[str, tuple[str, ...]] = {"priority": tuple(Priority), "status": tuple(Status)}


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketFilter:
    """Which tickets; everything given must hold. `since` is included, `until` is not."""

    statuses: tuple[Status, ...] = ()
    priorities: tuple[Priority, ...] = ()
    user_id: int | None = None
    agent_id: int | None = None
    is_unassigned: bool = False
    order_id: int | None = None
    category: str | None = None
    tag: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    is_breached: bool = False


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
    conditions = _conditions(wanted, connection.dialect.name)
    query = select(support_tickets).where(_T.id.in_(ids), *conditions)
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
    others = _conditions(replace(wanted, statuses=(), priorities=()), dialect)
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


def _conditions(wanted: TicketFilter, dialect: str) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.statuses:
        found.append(_any_of(_T.status, wanted.statuses))
    if wanted.priorities:
        found.append(_any_of(_T.priority, wanted.priorities))
    equal = {
        _T.user_id: wanted.user_id,
        _T.assigned_to: wanted.agent_id,
        _T.order_id: wanted.order_id,
        _T.category: wanted.category,
    }
    found += [column == value for column, value in equal.items() if value is not None]
    if wanted.is_unassigned:
        found.append(_T.assigned_to.is_(None))
    if wanted.since is not None:
        found.append(_T.created_at >= wanted.since)
    if wanted.until is not None:
        found.append(_T.created_at < wanted.until)
    if wanted.tag is not None:
        found.append(_has_tag(wanted.tag, dialect))
    if wanted.is_breached:
        found.append(_is_breached(dialect))
    return found


def _any_of(column: ColumnElement[Any], values: tuple[str, ...]) -> ColumnElement[bool]:
    # `= one` keeps the index's own id order; `IN (one)` would be sorted again.
    return column == values[0] if len(values) == 1 else column.in_(values)


def _has_tag(tag: str, dialect: str) -> ColumnElement[bool]:
    """Whether `metadata.tags` holds the tag, however its JSON spells it.

    Other programs write `\\u00e0` and `\\/`, which MariaDB's JSON_CONTAINS does not look through.
    """
    sql = _TAGGED_SQLITE if dialect == "sqlite" else _TAGGED_SERVER
    return text(sql).bindparams(tag=tag)  # type: ignore[return-value]


_TAGGED_SQLITE = (
    "EXISTS (SELECT 1 FROM json_each(CASE WHEN json_valid(support_tickets.metadata) "
    "AND json_type(support_tickets.metadata, '$.tags') = 'array' "
    "THEN support_tickets.metadata ELSE '{}' END, '$.tags') WHERE value = :tag)"
)
_TAGGED_SERVER = (
    "EXISTS (SELECT 1 FROM JSON_TABLE(CASE WHEN JSON_VALID(support_tickets.metadata) "
    "THEN support_tickets.metadata ELSE '{}' END, '$.tags[*]' COLUMNS "
    "(tag VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$')) AS tags "
    "WHERE tags.tag = :tag)"
)


def _is_breached(dialect: str) -> ColumnElement[bool]:
    if dialect == "sqlite":
        return text(  # type: ignore[return-value]
            "json_array_length(CASE WHEN json_valid(support_tickets.metadata) "
            "THEN support_tickets.metadata ELSE '{}' END, '$.sla.breaches') > 0"
        )
    return text("JSON_LENGTH(support_tickets.metadata, '$.sla.breaches') > 0")  # type: ignore[return-value]


def next_ticket(connection: Connection, *, agent_id: int | None) -> Ticket | None:
    """The ticket to work on: the most urgent, then the oldest, of the queue and one's own.

    One small indexed query for each level: an ENUM sorted downwards with ids upwards would
    sort the whole queue.
    """
    waiting = and_(_T.status == Status.OPEN, _T.assigned_to.is_(None))
    own = and_(_T.status == Status.IN_PROGRESS, _T.assigned_to == agent_id)
    kinds = [waiting] if agent_id is None else [own, waiting]
    for level in reversed(tuple(Priority)):
        found = []
        for kind in kinds:
            query = select(support_tickets).where(kind, _T.priority == level)
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
    query = select(ticket_attachments).where(a.ticket_id == ticket_id, ~is_deleted).order_by(a.id)
    return [dict(row) for row in connection.execute(query).mappings()]


def count_by_status(connection: Connection, *, user_id: int | None = None) -> dict[str, int]:
    """How many tickets are in each status."""
    query = select(_T.status, func.count()).group_by(_T.status)
    if user_id is not None:
        query = query.where(_T.user_id == user_id)
    found = {status: int(count) for status, count in connection.execute(query)}
    return {status.value: found.get(status, 0) for status in Status}


def list_events(
    connection: Connection,
    *,
    ticket_id: int | None = None,
    waiting_only: bool = False,
    dead_only: bool = False,
    after_id: int = 0,
    limit: int,
) -> list[dict[str, Any]]:
    """Events in the outbox, oldest first."""
    o = outbox.c
    query = select(outbox).where(o.id > after_id).order_by(o.id)
    if ticket_id is not None:
        query = query.where(o.ticket_id == ticket_id)
    if waiting_only:
        query = query.where(WAITING)
    if dead_only:
        query = query.where(DEAD)
    if limit:
        query = query.limit(limit)
    return [dict(row) for row in connection.execute(query).mappings()]


def events_of(connection: Connection, ids: Sequence[int]) -> list[dict[str, Any]]:
    """Those of these events that there are, oldest first."""
    query = select(outbox).where(outbox.c.id.in_(ids)).order_by(outbox.c.id)
    return [dict(row) for row in connection.execute(query).mappings()]


def last_event_id(connection: Connection) -> int:
    """The newest event's number; 0 when there is none."""
    return int(connection.execute(select(func.max(outbox.c.id))).scalar() or 0)


def find_event(connection: Connection, ref: str) -> dict[str, Any] | None:
    """One event by its number or its UUID."""
    if not ref.isascii():
        return None
    is_number = ref.isdecimal() and len(ref) <= len(str(MAX_ID))
    by = outbox.c.id == int(ref) if is_number else outbox.c.event_id == ref
    row = connection.execute(select(outbox).where(by)).mappings().first()
    return dict(row) if row else None
