"""The messages and attachment records of many tickets, in bounded pages (for exports)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, or_, select

from savctl.persistence.paging import pages
from savctl.persistence.schema.tables import files, ticket_attachments, ticket_messages

MESSAGE_COLUMNS = tuple(column.name for column in ticket_messages.columns)
ATTACHMENT_COLUMNS = tuple(column.name for column in ticket_attachments.columns)

_M, _A = ticket_messages.c, ticket_attachments.c
_PAGE = 1000
_ATTACHMENTS = select(ticket_attachments, files.c.deleted_at).select_from(
    ticket_attachments.outerjoin(files, files.c.attachment_id == _A.id)
)
_WITH_SENDERS = (
    select(
        ticket_attachments,
        files.c.deleted_at,
        _M.sender_type,
        _M.sender_id,
        _M.is_internal,
    )
    .select_from(ticket_attachments)
    .outerjoin(files, files.c.attachment_id == _A.id)
    .outerjoin(ticket_messages, _M.id == _A.message_id)
)


def messages_of_tickets(connection: Connection, ids: Sequence[int]) -> Iterator[Row[Any]]:
    """The messages of these tickets (ids ascending) by ticket, each conversation in its order."""
    query = select(ticket_messages).order_by(_M.ticket_id, _M.created_at, _M.id)

    def read(last: Row[Any] | None, count: int) -> Sequence[Row[Any]]:
        found = query.where(_M.ticket_id.in_(_left(ids, last)))
        if last is not None:
            found = found.where(or_(_M.ticket_id > last.ticket_id, _later_than(last)))
        return connection.execute(found.limit(count)).all()

    return _rows(read)


def attachments_of_tickets(
    connection: Connection, ids: Sequence[int], *, with_senders: bool = False
) -> Iterator[Row[Any]]:
    """The attachment records of these tickets (ids ascending) by ticket and id.

    Each with `deleted_at`, the mark of savctl's own table; with senders also whose message it
    hangs on.
    """
    query = (_WITH_SENDERS if with_senders else _ATTACHMENTS).order_by(_A.ticket_id, _A.id)

    def read(last: Row[Any] | None, count: int) -> Sequence[Row[Any]]:
        found = query.where(_A.ticket_id.in_(_left(ids, last)))
        if last is not None:
            behind = and_(_A.ticket_id == last.ticket_id, _A.id > last.id)
            found = found.where(or_(_A.ticket_id > last.ticket_id, behind))
        return connection.execute(found.limit(count)).all()

    return _rows(read)


def _rows(read: Callable[[Row[Any] | None, int], Sequence[Row[Any]]]) -> Iterator[Row[Any]]:
    first: Row[Any] | None = None
    for page in pages(read, lambda row: row, after=first, size=_PAGE):
        yield from page


class ByTicket:
    """Rows that come sorted by ticket, handed out ticket by ticket."""

    def __init__(self, rows: Iterator[Row[Any]]) -> None:
        self._groups = groupby(rows, key=lambda row: row.ticket_id)
        self._next = next(self._groups, None)

    def of(self, ticket_id: int) -> Iterator[Row[Any]]:
        """The rows of this ticket; tickets are asked for in their order, each to its end."""
        while self._next is not None and self._next[0] < ticket_id:
            self._next = next(self._groups, None)
        if self._next is not None and self._next[0] == ticket_id:
            yield from self._next[1]
            self._next = next(self._groups, None)


def _left(ids: Sequence[int], last: Row[Any] | None) -> list[int]:
    return [i for i in ids if last is None or i >= last.ticket_id]


def _later_than(last: Row[Any]) -> ColumnElement[bool]:
    """Further on in the same conversation; a time that another program left empty comes first."""
    same = _M.ticket_id == last.ticket_id
    if last.created_at is None:
        return and_(same, or_(_M.created_at.is_not(None), _M.id > last.id))
    further = and_(_M.created_at == last.created_at, _M.id > last.id)
    return and_(same, or_(_M.created_at > last.created_at, further))
