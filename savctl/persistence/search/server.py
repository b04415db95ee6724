"""Candidates of a term on MySQL and MariaDB: FULLTEXT for rare words, LIKE for frequent ones.

InnoDB looks up every row of a word before it answers, some microseconds each, whatever is asked
of them. So it is first estimated from a sample how many there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from sqlalchemy import Connection

from savctl.domain.search.folding import words_of
from savctl.domain.search.matching import holds
from savctl.domain.search.query import Term
from savctl.persistence.schema.migration_search import INDEXED
from savctl.persistence.search.boolean_mode import STOP_WORDS, IndexedWords, all_of, indexed
from savctl.persistence.sql import fetched, id_list

ROW_COST, TICKET_COST = 4, 12  # microseconds for a row of the index, for a ticket that is read
_TABLES = (("support_tickets", "id"), ("ticket_messages", "ticket_id"))
_SMALL = 20_000  # messages; no sample is needed
_PLACES, _AT_EACH = 8, 250
_USUAL = 100  # of the sample: a word of a phrase that is more frequent is left to the check
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
        self._asked: dict[Term, list[str]] = {}  # where not all of its words are asked for

    @cached_property
    def rows(self) -> int:
        """How many messages there are, more or less."""
        return fetched(self._connection, "SELECT MAX(id) FROM ticket_messages")[0][0] or 0

    def estimate(self, term: Term) -> int | None:
        """How many rows the index would find; None where it can not find the term."""
        words = indexed(term, self._words) if self._has_index else []
        if not words:
            return None
        if self.rows <= _SMALL:
            return 0
        together, *each = self._counted(words)
        usual = [word for word, count in zip(words, each, strict=True) if count <= _USUAL]
        if usual:
            self._asked[term] = usual
        elif len(words) > 1:
            self._asked[term] = [min(zip(each, words, strict=True))[1]]
            together = min(each)
        return together * self.rows // (_PLACES * _AT_EACH)

    def ticket_ids(self, term: Term) -> set[int]:
        """The tickets that may hold the term, by the index; of a phrase its order is checked."""
        wanted = all_of(self._asked.get(term) or indexed(term, self._words))
        found: set[int] = set()
        for table, key in _TABLES:
            columns = INDEXED[table]
            match = f"MATCH ({', '.join(columns)}) AGAINST (%s IN BOOLEAN MODE)"
            if len(term.words) == 1 or not _is_plain(term):
                query = f"SELECT {key} FROM {table} WHERE {match}"  # noqa: S608 - constants
                found.update(row[0] for row in fetched(self._connection, query, (wanted,)))
                continue
            test, values = _any_may_hold(columns, term)
            shown = f"{key}, {', '.join(columns)}"
            query = f"SELECT {shown} FROM {table} WHERE {match} AND ({test})"  # noqa: S608
            rows = fetched(self._connection, query, (wanted, *values))
            found.update(row[0] for row in rows if any(holds(text, term) for text in row[1:]))
        return found

    def narrow(self, ids: Sequence[int], term: Term) -> list[int]:
        """Those of the tickets, in their order, that may hold the term; without an index."""
        if not ids or not _is_plain(term):
            return list(ids)
        found: set[int] = set()
        for table, key in _TABLES:
            test, values = _any_may_hold(INDEXED[table], term)
            within = _within(key, ids)
            query = f"SELECT DISTINCT {key} FROM {table} WHERE {within} AND ({test})"  # noqa: S608
            found.update(row[0] for row in fetched(self._connection, query, values))
        return [one for one in ids if one in found]

    def _counted(self, words: Sequence[str]) -> list[int]:
        """How many messages of a sample have all of the words, and each of them."""
        spots = [self.rows * (at + 1) // _PLACES for at in range(_PLACES)]
        pieces = " UNION ALL ".join(
            "(SELECT CONCAT(' ', message, ' ') AS words FROM ticket_messages "  # noqa: S608
            f"WHERE id <= {spot:d} ORDER BY id DESC LIMIT {_AT_EACH:d})"
            for spot in spots
        )
        like = "words LIKE %s ESCAPE '|'"
        sums = ", ".join(
            f"SUM({test})" for test in (" AND ".join([like] * len(words)), *([like] * len(words)))
        )
        query = f"SELECT {sums} FROM ({pieces}) AS sample"  # noqa: S608
        patterns = [
            f"% {word.removesuffix('*').replace('_', '|_')}{'' if word.endswith('*') else ' '}%"
            for word in words
        ]
        return [int(count or 0) for count in fetched(self._connection, query, patterns * 2)[0]]

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


def _is_plain(term: Term) -> bool:
    """Whether LIKE finds it, apart from texts that `_any_may_hold` finds besides."""
    return all(ord(letter) in _PLAIN for word in term.words for letter in word)


def _within(key: str, ids: Sequence[int]) -> str:
    """Ids in a row are named by their ends: the server reads them in one go."""
    low, high = min(ids), max(ids)
    if high - low < 2 * len(ids):
        return f"{key} BETWEEN {low:d} AND {high:d}"
    return f"{key} IN ({id_list(ids)})"


def _any_may_hold(columns: Sequence[str], term: Term) -> tuple[str, list[object]]:
    """A condition that every row with the term in one of the columns meets, and its values."""
    odd = [_ACCENT, *([_SHARP_S] if any("s" in word for word in term.words) else [])]
    pattern = f"%{'%'.join(word.replace('_', '|_') for word in term.words)}%"
    bare = [f"LOCATE(%s, CAST({column} AS BINARY))" for column in columns for _ in odd]
    tests = [*(f"{column} LIKE %s ESCAPE '|'" for column in columns), *bare]
    return " OR ".join(tests), [*([pattern] * len(columns)), *(odd * len(columns))]
