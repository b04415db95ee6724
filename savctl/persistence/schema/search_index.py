"""Whether the database has an index for search, and the statements that make one (rules 15.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from savctl.persistence.schema.migration_search import (
    INDEXED,
    create_statements,
    family_of,
    index_name,
)
from savctl.persistence.sql import fetched

_FULLTEXT = (
    "SELECT TABLE_NAME, GROUP_CONCAT(COLUMN_NAME ORDER BY SEQ_IN_INDEX) "
    "FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() "
    "AND INDEX_TYPE = 'FULLTEXT' AND TABLE_NAME IN ('support_tickets', 'ticket_messages') "
    "GROUP BY TABLE_NAME, INDEX_NAME"
)
_OBJECTS_OF_A_TABLE = 4  # the FTS5 table and its three triggers


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchIndex:
    """What search looks in; `missing` are the statements that make what is not there."""

    kind: str  # fulltext or fts5
    missing: tuple[str, ...]

    @property
    def is_there(self) -> bool:
        """Whether every text that is searched is indexed."""
        return not self.missing

    @property
    def name(self) -> str:
        """What `db status` and `doctor` call it."""
        return self.kind if self.is_there else "none"


def search_index(connection: Connection) -> SearchIndex:
    """The index of this database, whoever made it."""
    family = family_of(connection.dialect)
    is_embedded = family == "sqlite"
    there = _embedded(connection) if is_embedded else _fulltext(connection)
    missing = [
        statement
        for table in INDEXED
        if table not in there
        for statement in create_statements(family, table)
    ]
    return SearchIndex(kind="fts5" if is_embedded else "fulltext", missing=tuple(missing))


def _fulltext(connection: Connection) -> Sequence[str]:
    found = {(row[0], row[1]) for row in fetched(connection, _FULLTEXT)}
    return [table for table, columns in INDEXED.items() if (table, ",".join(columns)) in found]


def _embedded(connection: Connection) -> Sequence[str]:
    query = "SELECT COUNT(*) FROM sqlite_master WHERE name IN (?, ?, ?, ?)"
    found = []
    for table in INDEXED:
        index = index_name(table)
        names = (index, *(f"{index}_{event}" for event in ("insert", "delete", "update")))
        if fetched(connection, query, names)[0][0] == _OBJECTS_OF_A_TABLE:
            found.append(table)
    return found
