"""Candidates of a term on SQLite: FTS5 for rare words; for frequent ones, all texts are read.

Without a server in between, to read a text costs less than to look it up.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from sqlalchemy import Connection

from savctl.domain.search.query import Term
from savctl.persistence.schema.migration_search import index_name
from savctl.persistence.search.fts5 import matching
from savctl.persistence.sql import fetched

ROW_COST, TICKET_COST = 2, 40  # microseconds for a row of the index, for a ticket that is read
_COUNTED = 60_000
_TICKETS, _MESSAGES = index_name("support_tickets"), index_name("ticket_messages")
_FOUND = (
    f"SELECT rowid FROM {_TICKETS} WHERE {_TICKETS} MATCH ?",  # noqa: S608 - our own names
    (
        f"SELECT m.ticket_id FROM {_MESSAGES} AS f "  # noqa: S608
        f"JOIN ticket_messages AS m ON m.id = f.rowid WHERE {_MESSAGES} MATCH ?"
    ),
)


class EmbeddedCandidates:
    """One search on one connection; `has_index` is False for a look without an index."""

    def __init__(self, connection: Connection, *, has_index: bool) -> None:
        self._connection = connection
        self._has_index = has_index

    @cached_property
    def rows(self) -> int:
        """How many messages there are, more or less."""
        return fetched(self._connection, "SELECT MAX(id) FROM ticket_messages")[0][0] or 0

    def estimate(self, term: Term) -> int | None:
        """How many rows the index would find, counted as far as it matters."""
        if not self._has_index:
            return None
        return sum(self._count(index, term) for index in (_TICKETS, _MESSAGES))

    def ticket_ids(self, term: Term) -> set[int]:
        """The tickets that hold the term, by the index."""
        return {
            row[0]
            for query in _FOUND
            for row in fetched(self._connection, query, (matching(term),))
        }

    def narrow(self, ids: Sequence[int], _: Term) -> list[int]:
        """The tickets, as they are: their texts are read next."""
        return list(ids)

    def _count(self, index: str, term: Term) -> int:
        query = (
            f"SELECT COUNT(*) FROM (SELECT 1 FROM {index} "  # noqa: S608 - a constant
            f"WHERE {index} MATCH ? LIMIT {_COUNTED})"
        )
        return int(fetched(self._connection, query, (matching(term),))[0][0])
