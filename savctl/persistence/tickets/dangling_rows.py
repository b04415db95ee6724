"""Rows that belong to nothing, found a window of a table at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Row,
    String,
    Table,
    and_,
    exists,
    func,
    or_,
    select,
    type_coerce,
)

from savctl.persistence.schema.tables import (
    archived_tickets,
    audit,
    outbox,
    support_tickets,
    ticket_attachments,
    ticket_messages,
)

WINDOW = 50_000  # rows of a table in one query
_T, _A, _O = support_tickets.c, audit.c, outbox.c
_M, _F = ticket_messages.c, ticket_attachments.c


@dataclass(frozen=True, slots=True)
class DanglingRow:
    """A row that belongs to nothing: its id, and what it names."""

    id: int
    detail: str


def window(
    connection: Connection, check: str, *, after_id: int, sample: int
) -> tuple[int, list[DanglingRow], int | None]:
    """Rows of one window that belong to nothing: how many, some of them, where it ends.

    The end is None behind the last row.
    """
    kind = _STRAYS[check]
    ids = select(kind.table.c.id).where(kind.table.c.id > after_id).order_by(kind.table.c.id)
    page = ids.limit(WINDOW).subquery()
    last: int | None = connection.execute(select(func.max(page.c.id))).scalar()
    if last is None:
        return 0, [], None
    here = and_(kind.table.c.id > after_id, kind.table.c.id <= last, kind.is_stray)
    number = connection.execute(select(func.count()).select_from(kind.table).where(here))
    count = int(number.scalar_one())
    if not count:
        return 0, [], last
    query = select(kind.table.c.id, *kind.names).where(here).order_by(kind.table.c.id)
    rows = connection.execute(query.limit(sample))
    return count, [_stray(kind, row) for row in rows], last


@dataclass(frozen=True, slots=True)
class _Kind:
    """A table, when a row of it is a stray, and the columns that name what it belongs to."""

    table: Table
    is_stray: ColumnElement[bool]
    names: tuple[Column[Any], ...]


def _gone(ticket_id: ColumnElement[Any]) -> ColumnElement[bool]:
    return and_(ticket_id.is_not(None), ~exists().where(_T.id == ticket_id))


def _lost(ticket_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Gone, and not to the archive."""
    is_archived = exists().where(archived_tickets.c.ticket_id == ticket_id)
    return and_(_gone(ticket_id), ~is_archived)


def _no_time(column: ColumnElement[Any]) -> ColumnElement[bool]:
    """A zero date, which is below every time; in SQLite also a text that begins like no year."""
    raw = type_coerce(column, String)
    return or_(
        raw < "1970-01-01 00:00:00", raw > "9999-12-31"
    )  # no bare year: SQLite takes that for a number


_STRAYS: Mapping[str, _Kind] = MappingProxyType(
    {
        "orphan-message": _Kind(ticket_messages, _gone(_M.ticket_id), (_M.ticket_id,)),
        "orphan-attachment": _Kind(
            ticket_attachments,
            or_(
                _gone(_F.ticket_id),
                and_(_F.message_id.is_not(None), ~exists().where(_M.id == _F.message_id)),
            ),
            (_F.ticket_id, _F.message_id),
        ),
        "attachment-elsewhere": _Kind(
            ticket_attachments,
            exists().where(_M.id == _F.message_id, _M.ticket_id != _F.ticket_id),
            (_F.ticket_id, _F.message_id),
        ),
        "attachment-path": _Kind(
            ticket_attachments,
            ~_F.file_path.startswith("tickets/"),
            (_F.ticket_id, _F.file_path),
        ),
        "message-value": _Kind(
            ticket_messages,
            or_(
                type_coerce(_M.sender_type, String).not_in(("customer", "agent")),
                _no_time(_M.created_at),
            ),
            (_M.ticket_id, _M.sender_type),
        ),
        "attachment-value": _Kind(
            ticket_attachments, _no_time(_F.created_at), (_F.ticket_id, _F.original_name)
        ),
        "audit-of-gone-ticket": _Kind(audit, _lost(_A.ticket_id), (_A.ticket_id,)),
        "event-of-gone-ticket": _Kind(outbox, _lost(_O.ticket_id), (_O.ticket_id,)),
    }
)
STRAYS: tuple[str, ...] = tuple(_STRAYS)


def _stray(kind: _Kind, row: Row[Any]) -> DanglingRow:
    names = (column.key for column in kind.names)
    named = [(name, row._mapping[name]) for name in names]  # noqa: SLF001 - SQLAlchemy's own way
    return DanglingRow(row.id, ", ".join(f"{name} {value}" for name, value in named if value))
