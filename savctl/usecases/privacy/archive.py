"""The archived tickets that a person's tickets were merged into (docs/archive.md)."""

from __future__ import annotations

from collections.abc import Iterator

from savctl.domain.tickets.merge_links import went_into
from savctl.persistence.archive import index
from savctl.persistence.engine import Database
from savctl.persistence.privacy.person_rows import merged_onward
from savctl.usecases.archive.archived_tickets import ArchivedTicket, ArchivedTickets


def reached_from(
    archived_tickets: ArchivedTickets, database: Database, links: set[int]
) -> Iterator[ArchivedTicket]:
    """The archived ones among these tickets and those that they were merged into in turn."""
    seen: set[int] = set()
    while links := links - seen:
        seen |= links
        with database.reading() as connection:
            onward = merged_onward(connection, sorted(links))
            archived = index.by_ids(connection, sorted(links))
        for found in archived_tickets.whole(archived):
            into = went_into(found.ticket.metadata)
            onward |= set() if into is None else {into}
            yield found
        links = onward
