"""Which tickets are looked at for a query, newest first, and what finds them.

A rare word is looked up in the index. A frequent one is met by reading tickets from the newest
on, which finds a page of it sooner than the index would; when that takes too long the index is
asked all the same. What no index knows is looked for in the newest tickets only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from savctl.domain.access.file_access import Role
from savctl.domain.search.query import Term
from savctl.errors import ConfigurationError
from savctl.persistence.engine import Database, OpenConnection
from savctl.persistence.schema.search_index import search_index
from savctl.persistence.search import embedded, server
from savctl.persistence.search.texts import newest_ids
from savctl.usecases.search.options import SearchOptions

MOST_LOOKED_AT = 100_000  # tickets, where no index knows a word
_TICKETS_AT_ONCE = (500, 4_000)  # read from the newest on: at first, at most
_FOUND_AT_ONCE = 300  # of those that the index found
_PATIENCE = 10_000  # tickets read for a frequent word before the index is asked
_CHEAP = 5_000  # rows: a second word is looked up as well
_TEXTS = 4  # of a ticket, usually
_IN_A_ROW = 0.1  # how often words of one text follow each other
_FEW = 2_000  # tickets

Candidates = server.ServerCandidates | embedded.EmbeddedCandidates


class SearchNotIndexed(ConfigurationError):
    """The tables have no index for search."""

    code = "search_not_indexed"


@dataclass(slots=True)
class _Plan:
    """`ids` are those that an index found, newest first; None where tickets are read instead.

    `narrow_by` is checked in the database before texts are read, `late` looked up when reading
    takes too long. `is_bounded`: no index knows a word of the query.
    """

    ids: list[int] | None = None
    narrow_by: Term | None = None
    late: Term | None = None
    is_bounded: bool = False


@dataclass
class CandidateSearch:
    """The candidates of one search."""

    database: Database
    options: SearchOptions
    stopped_at: int | None = field(default=None, init=False)  # where a bounded look ended
    looked: Callable[[int], None] | None = None  # hears how many tickets were looked at
    _looked: int = field(default=0, init=False)

    @property
    def is_bounded(self) -> bool:
        """Whether only the newest tickets are looked at."""
        return self._plan.is_bounded

    def windows(self, before: int | None) -> Generator[list[int], None, None]:
        """Ids of tickets below an id, newest first, some hundreds at a time."""
        plan = self._plan
        if plan.ids is None:
            before = yield from self._read(before)
        yield from self._indexed(plan.ids or (), before)

    def narrowed(self, connection: OpenConnection, ids: Sequence[int]) -> list[int]:
        """Those that may hold the query, as far as the database sees it quickly."""
        term = self._plan.narrow_by
        return list(ids) if term is None else self._on(connection).narrow(ids, term)

    def _read(self, before: int | None) -> Generator[list[int], None, int | None]:
        """Answers where it stopped."""
        size, largest = _TICKETS_AT_ONCE
        while True:
            with self.database.reading() as connection:
                ids = newest_ids(connection, self.options.wanted, before=before, limit=size)
            if not ids:
                return 0
            yield ids
            self._note(len(ids))
            before = ids[-1]
            if self._is_impatient(before):
                return before
            size = min(2 * size, largest)

    def _is_impatient(self, at: int) -> bool:
        """Whether reading on is over: at its bound, or because the index is asked now."""
        plan = self._plan
        if plan.is_bounded:
            if self._looked >= MOST_LOOKED_AT:
                self.stopped_at = at
            return self.stopped_at is not None
        if plan.late is None or self._looked < _PATIENCE:
            return False
        with self.database.reading() as connection:
            plan.ids = sorted(self._on(connection).ticket_ids(plan.late), reverse=True)
        return True

    def _indexed(self, ids: Sequence[int], before: int | None) -> Iterator[list[int]]:
        below = [one for one in ids if before is None or one < before]
        at, size = 0, _FOUND_AT_ONCE
        while window := below[at : at + size]:
            yield window
            self._note(len(window))
            at += size
            size = min(2 * size, _TICKETS_AT_ONCE[1])

    def _note(self, count: int) -> None:
        self._looked += count
        if self.looked is not None:
            self.looked(self._looked)

    @cached_property
    def _plan(self) -> _Plan:
        with self.database.reading() as connection:
            index = search_index(connection)
            self._has_index = index.is_there and not self.options.scan
            if not index.is_there and not self.options.scan:
                raise _not_indexed(self.database.name, index.missing)
            return self._planned(connection)

    def _planned(self, connection: OpenConnection) -> _Plan:
        candidates, terms = self._on(connection), self.options.query.terms
        if self._is_about_few(connection):
            return _Plan()
        known = {term: rows for term in terms if (rows := candidates.estimate(term)) is not None}
        if not known:
            longest = max(terms, key=lambda term: len(" ".join(term.words)))
            return _Plan(narrow_by=longest, is_bounded=True)
        by_rows = sorted(known, key=lambda term: known[term])
        rarest = by_rows[0]
        costs = self._costs
        if is_read(known, self.options, candidates.rows, costs):
            return _Plan(narrow_by=rarest, late=rarest)
        ids = candidates.ticket_ids(rarest)
        rest = by_rows[1:]
        while rest and known[rest[0]] <= _CHEAP:
            ids &= candidates.ticket_ids(rest.pop(0))
        return _Plan(ids=sorted(ids, reverse=True), narrow_by=rest[0] if rest else None)

    def _is_about_few(self, connection: OpenConnection) -> bool:
        """Whether a customer or an order has so few tickets that all of them are read."""
        wanted = self.options.wanted
        requester = self.database.requester
        is_customers = requester is not None and requester.role is Role.CUSTOMER
        if wanted.user_id is None and wanted.order_id is None and not is_customers:
            return False
        return len(newest_ids(connection, wanted, before=None, limit=_FEW + 1)) <= _FEW

    def _on(self, connection: OpenConnection) -> Candidates:
        if self.database.is_sqlite:
            return embedded.EmbeddedCandidates(connection, has_index=self._has_index)
        return server.ServerCandidates(connection, has_index=self._has_index)

    @property
    def _costs(self) -> tuple[int, int]:
        kind = embedded if self.database.is_sqlite else server
        return kind.ROW_COST, kind.TICKET_COST


def is_read(
    known: Mapping[Term, int], options: SearchOptions, rows: int, costs: tuple[int, int]
) -> bool:
    """Whether a page is met sooner by reading tickets from the newest on than by the index.

    `known` are the rows of each term that the index knows, of so many rows of messages.
    """
    row_cost, ticket_cost = costs
    share = math.prod(
        min(1.0, _TEXTS * count / max(1, rows)) * _IN_A_ROW ** (len(term.words) - 1)
        for term, count in known.items()
    )
    needed = min(options.enough, _FOUND_AT_ONCE)
    return needed * ticket_cost < row_cost * min(known.values()) * share


def _not_indexed(database: str, missing: Sequence[str]) -> SearchNotIndexed:
    return SearchNotIndexed(
        f"the tables of {database} have no index for search",
        hint=f"Run: {'; '.join(missing)}; or add --scan to look without an index.",
        statements=list(missing),
    )
