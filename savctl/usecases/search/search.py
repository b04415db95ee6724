"""Find tickets by their words (rules 15.3).

Hits are ranked a block of tickets at a time, from the newest on: a block ends once it holds
`RANKED` hits, or as many as the caller takes. So a word that stands in every third message is
answered from the newest tickets that hold it, best first among these; older ones follow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

from savctl.domain.search.cursor import SearchCursor
from savctl.domain.search.matching import SearchedText, SearchField, TextMatch, match
from savctl.domain.search.snippet import snippet
from savctl.domain.text import MAX_ID
from savctl.persistence.engine import Database
from savctl.persistence.search.texts import (
    SearchedTicket,
    has_archived,
    numbered,
    searched_tickets,
)
from savctl.usecases.search.candidates import CandidateSearch
from savctl.usecases.search.options import SearchHit, SearchOptions

RANKED = 500
_OF_A_NUMBER = 1_000.0  # the score of the ticket whose number was asked for
_LONGEST_NUMBER = 255

Looked = Callable[[int], None]  # how many tickets were looked at so far
Matches = list[tuple[SearchedTicket, TextMatch]]


class TicketSearch:
    """One search; after its hits were read, `unread` tells where a bounded look ended."""

    def __init__(
        self, database: Database, options: SearchOptions, *, looked: Looked | None = None
    ) -> None:
        self._database = database
        self._options = options
        self._candidates = CandidateSearch(database, options, looked)
        self._named: frozenset[int] = frozenset()

    @property
    def is_bounded(self) -> bool:
        """Whether no index knows a word of the query, so that the newest tickets are read."""
        return self._candidates.is_bounded

    @property
    def unread(self) -> SearchCursor | None:
        """Where to continue a look that ended at its bound; None when all was looked at."""
        at = self._candidates.stopped_at
        return None if at is None else SearchCursor(high=at, low=at, score=0, ticket_id=0)

    def has_archive(self) -> bool:
        """Whether there are archived tickets, which are not searched."""
        with self._database.reading() as connection:
            return has_archived(connection)

    def hits(self, after: SearchCursor | None = None) -> Iterator[SearchHit]:
        """The hits, best first within each block; behind a cursor without what came before.

        Raises:
            SearchNotIndexed: the tables have no index, and `scan` was not asked for.
        """
        with self._database.reading() as connection:
            self._named = frozenset(self._numbered(connection))
        self.is_bounded  # noqa: B018 - without an index nothing is answered
        high: int | None = None
        if after is None:
            yield from self._ranked(self._matches(sorted(self._named)), MAX_ID, MAX_ID)
        else:
            block, _, _ = self._block(after.high, low=after.low)
            place = (-after.score, -after.ticket_id)
            hits = self._ranked(block, after.high, after.low)
            yield from (hit for hit in hits if (-hit.score, -hit.id) > place)
            high = after.low
        while high != 0:
            block, newest, low = self._block(high)
            yield from self._ranked(block, newest + 1 if high is None else high, low)
            high = low

    def _numbered(self, connection: object) -> list[int]:
        query = self._options.query
        number = query.text.strip()
        if len(query.terms) > 1 or query.excluded or len(number) > _LONGEST_NUMBER:
            return []
        return numbered(connection, self._options.wanted, number)  # type: ignore[arg-type]

    def _block(self, high: int | None, *, low: int | None = None) -> tuple[Matches, int, int]:
        """The matches of the next block below `high`, the newest id, and the id at its end.

        The end is 0 when there are no further tickets. With `low` the block is one that was
        ranked before, and ends there.
        """
        found, newest = Matches(), 0
        with closing(self._candidates.windows(high)) as windows:
            for ids in windows:
                newest = newest or ids[0]
                inside = ids if low is None else [one for one in ids if one >= low]
                found += self._matches(inside, narrow=True)
                if low is not None and ids[-1] <= low:
                    break
                if low is None and len(found) >= min(RANKED, self._options.enough):
                    return found, newest, ids[-1]
        return found, newest, low or 0

    def _matches(self, ids: list[int], *, narrow: bool = False) -> Matches:
        options, found = self._options, []
        with self._database.reading() as connection:
            if narrow:
                ids = self._candidates.narrowed(connection, ids)
            for ticket in searched_tickets(
                connection, options.wanted, ids, public_only=options.public_only
            ):
                held = match(options.query, ticket.texts, options.fields)
                if ticket.id in self._named:
                    if narrow:
                        continue
                    best = held.best if held else SearchedText(SearchField.SUBJECT, ticket.subject)
                    held = TextMatch(_OF_A_NUMBER, best)
                if held is not None:
                    found.append((ticket, held))
        return found

    def _ranked(self, block: Matches, high: int, low: int) -> Iterator[SearchHit]:
        for ticket, held in sorted(block, key=lambda one: (-one[1].score, -one[0].id)):
            yield SearchHit(
                id=ticket.id,
                ticket_number=ticket.ticket_number,
                status=ticket.status,
                priority=ticket.priority,
                subject=ticket.subject,
                score=held.score,
                found_in=held.best.field,
                message_id=held.best.message_id,
                snippet=snippet(held.best.text, self._options.query),
                cursor=SearchCursor(high=high, low=low, score=held.score, ticket_id=ticket.id),
            )
