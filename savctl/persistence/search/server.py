"""Candidates of a term on MySQL and MariaDB: FULLTEXT for rare words, LIKE for frequent ones.

InnoDB looks up every row of a word before it answers, some microseconds each, whatever is asked
of them. So it is first estimated from a sample how many there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from sqlalchemy import Connection

from savctl.domain.search.folding import words_of
from savctl.domain.search.query import Term
from savctl.persistence.schema.migration_search import INDEXED
from savctl.persistence.search.boolean_mode import STOP_WORDS, IndexedWords, against
from savctl.persistence.sql import fetched, id_list

MOST_ROWS = 15_000  # that the index may find: some 60 ms
_SMALL = 20_000  # messages; no sample is needed
_PLACES, _AT_EACH = 8, 250
_VARIABLES = ("innodb_ft_min_token_size", "innodb_ft_max_token_size")
# Compared letter by letter, as LIKE does, these texts may differ from what they equal: with
# accents behind their letters (0xCC begins each), or ß for ss.
_ACCENT, _SHARP_S = b"\xcc", "ß".encode()
_PLAIN = range(0x0500)  # Latin, Greek, Cyrillic: nothing else there is dropped when folded


class ServerCandidates:
    """One search on one connection; `has_index` is False for a look without an index."""

    def __init__(self, connection: Connection, *, has_index: bool) -> None:
        self._connection = connection
        self._has_index = has_index

    def estimate(self, term: Term) -> int | None:
        """How many rows the index would find; None where it can not find the term."""
        if not self._has_index or against(term, self._words) is None:
            return None
        if self._newest <= _SMALL:
            return 0
        spots = [self._newest * (at + 1) // _PLACES for at in range(_PLACES)]
        pieces = " UNION ALL ".join(
            "(SELECT CONCAT(' ', message, ' ') AS words FROM ticket_messages "  # noqa: S608
            f"WHERE id <= {spot:d} ORDER BY id DESC LIMIT {_AT_EACH:d})"
            for spot in spots
        )
        likes = " AND ".join(["words LIKE %s ESCAPE '|'"] * len(term.words))
        query = f"SELECT COUNT(*) FROM ({pieces}) AS sample WHERE {likes}"  # noqa: S608
        hits = fetched(self._connection, query, _patterns(term, blank=" "))[0][0]
        return int(hits) * self._newest // (_PLACES * _AT_EACH)

    def ticket_ids(self, term: Term) -> set[int]:
        """The tickets that may hold the term, by the index."""
        wanted = against(term, self._words)
        found: set[int] = set()
        for table, key in (("support_tickets", "id"), ("ticket_messages", "ticket_id")):
            query = (
                f"SELECT {key} FROM {table} "  # noqa: S608 - constants
                f"WHERE MATCH ({', '.join(INDEXED[table])}) AGAINST (%s IN BOOLEAN MODE)"
            )
            found.update(row[0] for row in fetched(self._connection, query, (wanted,)))
        return found

    def narrow(self, ids: Sequence[int], term: Term) -> list[int]:
        """Those of the tickets, in their order, that may hold the term; without an index."""
        if not ids or any(ord(letter) not in _PLAIN for word in term.words for letter in word):
            return list(ids)
        found: set[int] = set()
        for table, key in (("support_tickets", "id"), ("ticket_messages", "ticket_id")):
            tests, values = zip(*(_may_hold(name, term) for name in INDEXED[table]), strict=True)
            query = (
                f"SELECT DISTINCT {key} FROM {table} "  # noqa: S608 - constants and ids
                f"WHERE {_within(key, ids)} AND ({' OR '.join(tests)})"
            )
            flat = [value for some in values for value in some]
            found.update(row[0] for row in fetched(self._connection, query, flat))
        return [one for one in ids if one in found]

    @cached_property
    def _newest(self) -> int:
        return fetched(self._connection, "SELECT MAX(id) FROM ticket_messages")[0][0] or 0

    @cached_property
    def _words(self) -> IndexedWords:
        shortest, longest = (
            int(fetched(self._connection, f"SELECT @@{name}")[0][0]) for name in _VARIABLES
        )
        return IndexedWords(
            shortest=shortest, longest=longest, stop_words=frozenset(self._stop_words())
        )

    def _stop_words(self) -> list[str]:
        """The server's own, whether it uses them or not, and those of a table that it names."""
        words = [STOP_WORDS]
        for variable in ("innodb_ft_server_stopword_table", "innodb_ft_user_stopword_table"):
            table = fetched(self._connection, f"SELECT @@{variable}")[0][0]
            if table:
                quote = self._connection.dialect.identifier_preparer.quote_identifier
                name = ".".join(quote(part) for part in table.split("/", 1))
                query = f"SELECT value FROM {name}"  # noqa: S608 - quoted
                words += [row[0] for row in fetched(self._connection, query)]
        return [word for text in words for word in words_of(text)]


def _within(key: str, ids: Sequence[int]) -> str:
    """Ids in a row are named by their ends: the server reads them in one go."""
    low, high = min(ids), max(ids)
    if high - low < 2 * len(ids):
        return f"{key} BETWEEN {low:d} AND {high:d}"
    return f"{key} IN ({id_list(ids)})"


def _may_hold(column: str, term: Term) -> tuple[str, list[object]]:
    likes = " AND ".join([f"{column} LIKE %s ESCAPE '|'"] * len(term.words))
    odd = [_ACCENT, *([_SHARP_S] if any("s" in word for word in term.words) else [])]
    bare = " OR ".join([f"LOCATE(%s, CAST({column} AS BINARY))"] * len(odd))
    return f"({likes}) OR {bare}", [*_patterns(term), *odd]


def _patterns(term: Term, blank: str = "") -> list[str]:
    *firsts, last = [word.replace("_", "|_") for word in term.words]
    ends = [*(f"%{blank}{word}{blank}%" for word in firsts)]
    return [*ends, f"%{blank}{last}%" if term.is_prefix else f"%{blank}{last}{blank}%"]
