"""Tickets whose order was not checked, or is unknown; customers who have open tickets."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Select, select

from savctl.domain.model.metadata import Metadata
from savctl.domain.model.states import Status
from savctl.persistence.metadata_sql import metadata_mentions
from savctl.persistence.schema.tables import support_tickets

_T = support_tickets.c


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedTicket:
    """A ticket that is not closed, and what its `order_check` says."""

    id: int
    ticket_number: str
    user_id: int
    order_id: int
    mark: str


def marked_page(
    connection: Connection, *, after: int, limit: int
) -> tuple[int, list[CheckedTicket]]:
    """Tickets with a mark that is not "valid", by id; answers the last id looked at, 0 at the end.

    SQL narrows to those that mention the mark; what it says is read from the JSON itself.
    """
    columns = (_T.id, _T.ticket_number, _T.user_id, _T.order_id, _T.metadata)
    mentions = metadata_mentions("order_check", connection.dialect.name)
    query: Select[tuple[int, str, int, int, Metadata]] = (
        select(*columns)
        .where(_T.id > after, _T.order_id.is_not(None), _T.status != str(Status.CLOSED), mentions)
        .order_by(_T.id)
        .limit(limit)
    )
    rows = connection.execute(query).all()
    found = [
        CheckedTicket(
            id=row.id,
            ticket_number=row.ticket_number,
            user_id=row.user_id,
            order_id=row.order_id,
            mark=str(row.metadata.get("order_check")),
        )
        for row in rows
    ]
    last = rows[-1].id if len(rows) == limit else 0
    return last, [one for one in found if one.mark in {"pending", "unknown"}]


def customers_page(connection: Connection, *, after: int, limit: int) -> list[int]:
    """The customers of tickets that are not closed, by id."""
    query = (
        select(_T.user_id).distinct().where(_T.user_id > after, _T.status != str(Status.CLOSED))
    )
    return list(connection.execute(query.order_by(_T.user_id).limit(limit)).scalars())


def is_customer(connection: Connection, user_id: int) -> bool:
    """Whether a user has tickets that are not closed."""
    query = select(_T.id).where(_T.user_id == user_id, _T.status != str(Status.CLOSED)).limit(1)
    return connection.execute(query).first() is not None
