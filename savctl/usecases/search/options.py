"""What a search is asked for, and what it answers with."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from savctl.domain.model.ticket_filter import TicketFilter
from savctl.domain.search.cursor import SearchCursor
from savctl.domain.search.matching import SearchField
from savctl.domain.search.query import Query


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchOptions:
    """A query, where its words may stand, and which tickets it is about.

    `enough` is how many hits the caller will take: once they are there, ranking stops at the
    next page of tickets. With `scan` no index is needed.
    """

    query: Query
    wanted: TicketFilter = field(default_factory=TicketFilter)
    fields: tuple[SearchField, ...] = tuple(SearchField)
    public_only: bool = False
    scan: bool = False
    enough: int = 50

    @property
    def asked(self) -> str:
        """What a cursor belongs to; times are left out, because `7d` is another one each time."""
        timeless = replace(self.wanted, since=None, until=None)
        return repr((self.query.text, timeless, self.fields, self.public_only))


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchHit:
    """A ticket that holds the query, where it is seen best, and how to continue behind it."""

    id: int
    ticket_number: str
    status: str
    priority: str
    subject: str
    score: float
    found_in: SearchField
    message_id: int | None
    snippet: str
    cursor: SearchCursor
