"""A person's rows for their export, in bounded pages and a steady order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from savctl.domain.model.ticket import Ticket
from savctl.domain.tickets.merge_links import went_into
from savctl.persistence.paging import pages
from savctl.persistence.schema.tables import support_tickets, ticket_attachments, ticket_messages
from savctl.persistence.tickets.conversations import (
    ByTicket,
    attachments_of_tickets,
    messages_of_tickets,
)
from savctl.persistence.tickets.tickets import to_ticket

_T, _M, _A = support_tickets.c, ticket_messages.c, ticket_attachments.c
_PAGE = 200

Record = dict[str, Any]
Records = Iterator[Record]


def tickets_of(connection: Connection, user_id: int) -> Iterator[tuple[Ticket, Records, Records]]:
    """Their tickets by id, each with its attachment records, then its messages.

    An attachment's row also names the sender of its message. Both are read in this order, each to
    its end, before the next ticket is asked for.
    """
    query = select(support_tickets).where(_T.user_id == user_id).order_by(_T.id)

    def read(after: int, count: int) -> list[Ticket]:
        rows = connection.execute(query.where(_T.id > after).limit(count))
        return [to_ticket(row) for row in rows]

    for page in pages(read, lambda ticket: ticket.id, after=0, size=_PAGE):
        ids = [ticket.id for ticket in page]
        hung = ByTicket(attachments_of_tickets(connection, ids, with_senders=True))
        messages = ByTicket(messages_of_tickets(connection, ids))
        for ticket in page:
            yield ticket, map(_record, hung.of(ticket.id)), map(_record, messages.of(ticket.id))


def messages_elsewhere(
    connection: Connection, user_id: int
) -> Iterator[tuple[Record, Sequence[Record]]]:
    """What they wrote as a customer on others' tickets, by id, with its attachment records.

    A message's row also names the ticket's number.
    """
    query = _elsewhere(user_id, ticket_messages, _T.ticket_number).order_by(_M.id)

    def read(after: int, count: int) -> Sequence[Row[Any]]:
        return connection.execute(query.where(_M.id > after).limit(count)).all()

    for page in pages(read, lambda row: row.id, after=0, size=_PAGE):
        ids = [row.id for row in page]
        records = select(ticket_attachments).where(_A.message_id.in_(ids)).order_by(_A.id)
        hung: dict[int, list[Record]] = {}
        for row in connection.execute(records):
            hung.setdefault(row.message_id, []).append(_record(row))
        for row in page:
            yield _record(row), hung.get(row.id, [])


def ids_elsewhere(connection: Connection, user_id: int) -> set[int]:
    """The ids of what they wrote as a customer on others' tickets."""
    return set(connection.scalars(_elsewhere(user_id, _M.id)))


def merged_onward(connection: Connection, ids: Sequence[int]) -> set[int]:
    """The tickets that those of these that are here were merged into."""
    query = select(_T.metadata).where(_T.id.in_(ids))
    links = (went_into(metadata) for metadata in connection.scalars(query))
    return {into for into in links if into is not None}


def _elsewhere(user_id: int, *columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .select_from(ticket_messages.join(support_tickets, _M.ticket_id == _T.id))
        .where(_M.sender_id == user_id, _M.sender_type == "customer", _T.user_id != user_id)
    )


def _record(row: Row[Any]) -> Record:
    return dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name
