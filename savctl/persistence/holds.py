"""Which tickets are under legal hold (rules 9.5)."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import ColumnElement, select, text

from savctl.domain.holding import is_held
from savctl.domain.ticket import Ticket
from savctl.persistence.engine import Database
from savctl.persistence.tables import support_tickets
from savctl.persistence.tickets import to_ticket

_PAGE = 1000
_SQLITE = (
    "json_type(CASE WHEN json_valid(support_tickets.metadata) "
    "THEN support_tickets.metadata ELSE '{}' END, '$.legal_hold') IS NOT NULL"
)
_SERVER = (
    "JSON_CONTAINS_PATH(CASE WHEN JSON_VALID(support_tickets.metadata) "
    "THEN support_tickets.metadata ELSE '{}' END, 'one', '$.legal_hold')"
)


def held_tickets(database: Database) -> Iterator[Ticket]:
    """Every ticket under legal hold, in id order, a page at a time.

    No index knows it: it looks at every ticket.
    """
    last = 0
    while True:
        with database.reading() as connection:
            query = select(support_tickets).where(
                support_tickets.c.id > last, names_hold(connection.dialect.name)
            )
            query = query.order_by(support_tickets.c.id).limit(_PAGE)
            page = [to_ticket(row) for row in connection.execute(query)]
        yield from (ticket for ticket in page if is_held(ticket))
        if len(page) < _PAGE:
            return
        last = page[-1].id


def names_hold(dialect: str) -> ColumnElement[bool]:
    """SQL for tickets whose metadata speaks of a hold; the rule decides on the value."""
    return text(_SQLITE if dialect == "sqlite" else _SERVER)  # type: ignore[return-value]
