"""Texts of tickets as their asker sees them; what may not be seen is never read (rules 12.4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, false, select, text

from savctl.domain.model.ticket_filter import TicketFilter
from savctl.domain.search.matching import SearchedText, SearchField
from savctl.persistence.schema.tables import archived_tickets, support_tickets, ticket_messages
from savctl.persistence.sql import id_list
from savctl.persistence.tickets.ticket_conditions import conditions
from savctl.persistence.visibility import seen_messages, seen_tickets

_T, _M = support_tickets.c, ticket_messages.c
_SHOWN = (_T.id, _T.ticket_number, _T.status, _T.priority, _T.subject, _T.description)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchedTicket:
    """What is searched and shown of a ticket; its texts in order of worth."""

    id: int
    ticket_number: str
    status: str
    priority: str
    subject: str
    texts: list[SearchedText] = field(default_factory=list)


def newest_ids(
    connection: Connection, wanted: TicketFilter, *, before: int | None, limit: int
) -> list[int]:
    """Ids of the tickets that are seen and asked for, newest first, below an id."""
    query = select(_T.id).where(*_asked(connection, wanted)).order_by(_T.id.desc()).limit(limit)
    if before is not None:
        query = query.where(_T.id < before)
    return list(connection.execute(query).scalars())


def numbered(connection: Connection, wanted: TicketFilter, number: str) -> list[int]:
    """The ticket of this number, if it is seen and asked for."""
    query = select(_T.id).where(_T.ticket_number == number, *_asked(connection, wanted))
    return list(connection.execute(query).scalars())


def has_archived(connection: Connection) -> bool:
    """Whether any ticket is archived."""
    return connection.execute(select(archived_tickets.c.ticket_id).limit(1)).first() is not None


def searched_tickets(
    connection: Connection, wanted: TicketFilter, ids: Sequence[int], *, public_only: bool
) -> Iterator[SearchedTicket]:
    """Those of the tickets that are seen and asked for, with their texts."""
    if not ids:
        return
    listed = text(f"support_tickets.id IN ({id_list(ids)})")
    query = select(*_SHOWN).where(listed, *_asked(connection, wanted))
    found = {row.id: _ticket(row) for row in connection.execute(query).all()}
    if found:
        _add_messages(connection, found, public_only=public_only)
    yield from found.values()


def _ticket(row: Any) -> SearchedTicket:
    return SearchedTicket(
        id=row.id,
        ticket_number=row.ticket_number,
        status=row.status,
        priority=row.priority,
        subject=row.subject,
        texts=[
            SearchedText(SearchField.SUBJECT, row.subject),
            SearchedText(SearchField.DESCRIPTION, row.description),
        ],
    )


def _add_messages(
    connection: Connection, found: dict[int, SearchedTicket], *, public_only: bool
) -> None:
    listed = text(f"ticket_messages.ticket_id IN ({id_list(list(found))})")
    query = select(_M.id, _M.ticket_id, _M.message).where(listed, *seen_messages(connection))
    if public_only:
        query = query.where(_M.is_internal == false())
    # the driver's rows: there are thousands, and three plain values in each
    rows: Any = connection.execute(query.order_by(_M.id)).cursor
    for message_id, ticket_id, message in rows.fetchall():
        found[ticket_id].texts.append(SearchedText(SearchField.MESSAGES, message, message_id))


def _asked(connection: Connection, wanted: TicketFilter) -> list[ColumnElement[bool]]:
    return [*conditions(wanted, connection.dialect.name), *seen_tickets(connection)]
