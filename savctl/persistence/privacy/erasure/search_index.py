"""Words that the embedded database's search index keeps after their rows are gone.

FTS5 marks what was deleted and leaves the words in its segments until they are merged. A server
keeps its FULLTEXT indexes itself (docs/gdpr.md).
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from savctl.persistence.schema.migration_search import INDEXED, index_name
from savctl.persistence.sql import quoted_name

_MADE = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = :name"


def merge_segments(connection: Connection) -> None:
    """Write each index as one segment, which holds no word of a deleted row."""
    if connection.dialect.name != "sqlite":
        return
    for table in INDEXED:
        name = index_name(table)
        if connection.execute(text(_MADE), {"name": name}).first() is not None:
            index = quoted_name(connection, name)
            connection.execute(text(f"INSERT INTO {index} ({index}) VALUES ('optimize')"))  # noqa: S608 - quoted
