"""Which tickets are under legal hold (rules 9.5)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from sqlalchemy import ColumnElement, Connection, or_, select

from savctl.domain.model.metadata import Metadata
from savctl.domain.model.ticket import Ticket
from savctl.domain.tickets.legal_hold import has_hold, is_held
from savctl.domain.tickets.merge_links import went_into
from savctl.persistence.engine import Database
from savctl.persistence.metadata_sql import metadata_has, metadata_mentions
from savctl.persistence.paging import pages
from savctl.persistence.schema.tables import support_tickets
from savctl.persistence.tickets.tickets import to_ticket

_PAGE = 1000


def held_tickets(database: Database) -> Iterator[Ticket]:
    """Every ticket under legal hold, in id order, a page at a time.

    No index knows it: it looks at every ticket.
    """

    def read(after: int, count: int) -> list[Ticket]:
        with database.reading() as connection:
            query = select(support_tickets).where(
                support_tickets.c.id > after, names_hold(connection.dialect.name)
            )
            query = query.order_by(support_tickets.c.id).limit(count)
            return [to_ticket(row) for row in connection.execute(query)]

    for page in pages(read, lambda ticket: ticket.id, after=0, size=_PAGE):
        yield from (ticket for ticket in page if is_held(ticket))


def names_hold(dialect: str) -> ColumnElement[bool]:
    """SQL for tickets whose metadata mentions a hold; the rule decides on the value.

    The word alone is enough: metadata that cannot be read may mention a hold.
    """
    return or_(metadata_has("legal_hold", dialect), metadata_mentions("legal_hold", dialect))


def held_among(
    connection: Connection, ticket_ids: Iterable[int], *, locked: Iterable[Ticket] = ()
) -> frozenset[int]:
    """Those of the tickets that are under hold, or were merged into one that is.

    `locked` are those of them that were read already, under their locks.
    """
    at_hand = {ticket.id: ticket.metadata for ticket in locked}
    wanted = frozenset(ticket_ids)
    merged_into: dict[int, int | None] = {}
    held: set[int] = set()
    looking = set(wanted)
    while looking:
        found = {one: at_hand[one] for one in looking & at_hand.keys()}
        found |= _metadata_of(connection, looking - at_hand.keys())
        for one, metadata in found.items():
            merged_into[one] = went_into(metadata)
            if has_hold(metadata):
                held.add(one)
        targets = {into for into in merged_into.values() if into is not None}
        looking = targets - merged_into.keys() - looking
    return frozenset(one for one in wanted if not held.isdisjoint(_path(one, merged_into)))


def _metadata_of(connection: Connection, ids: Collection[int]) -> dict[int, Metadata]:
    if not ids:
        return {}
    query = select(support_tickets.c.id, support_tickets.c.metadata)
    rows = connection.execute(query.where(support_tickets.c.id.in_(ids)))
    return {row.id: row.metadata for row in rows}


def _path(ticket_id: int, merged_into: Mapping[int, int | None]) -> Iterator[int]:
    """The ticket, the one it was merged into, and so on; metadata may even go in circles."""
    seen: set[int] = set()
    step: int | None = ticket_id
    while step is not None and step not in seen:
        seen.add(step)
        yield step
        step = merged_into.get(step)
