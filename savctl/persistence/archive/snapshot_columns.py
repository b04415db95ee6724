"""The tables that a ticket is spread over, with every column that they really have.

Past SQLAlchemy's own columns: other programs add theirs, and a ticket is moved with all of them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, text

from savctl.persistence.schema.tables import (
    files,
    support_tickets,
    ticket_attachments,
    ticket_messages,
)
from savctl.persistence.sql import fetched, id_list
from savctl.persistence.types import UtcDateTime

Columns = Mapping[str, tuple[str, ...]]

PARTS = (support_tickets, ticket_messages, ticket_attachments, files)
TIMES = {
    table.name: tuple(c.name for c in table.columns if isinstance(c.type, UtcDateTime))
    for table in PARTS
}
DECLARED = {table.name: frozenset(table.columns.keys()) for table in PARTS}


def columns_of(connection: Connection) -> Columns:
    """The columns that each table really has, generated ones left out."""
    if connection.dialect.name == "sqlite":
        return {table.name: _sqlite_columns(connection, table.name) for table in PARTS}
    found: dict[str, list[str]] = defaultdict(list)
    query = text(
        "SELECT TABLE_NAME, COLUMN_NAME, EXTRA FROM information_schema.COLUMNS "
        "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN :names ORDER BY ORDINAL_POSITION"
    )
    query = query.bindparams(bindparam("names", expanding=True))
    for table, column, extra in connection.execute(query, {"names": [t.name for t in PARTS]}):
        if not re.search("(VIRTUAL|STORED) GENERATED|PERSISTENT", str(extra).upper()):
            found[table].append(column)
    return {name: tuple(columns) for name, columns in found.items()}


def select_rows(
    connection: Connection,
    wanted: Sequence[str],
    table: str,
    column: str,
    values: Sequence[int],
    lock: str,
) -> Sequence[Any]:
    """The rows whose column has one of the values, in the order of their keys; with `lock`
    (" " or "SKIP LOCKED") locked, on a server."""
    if not values:
        return []
    query = (
        f"SELECT {', '.join(wanted)} FROM {table} "  # noqa: S608
        f"WHERE {column} IN ({id_list(values)}) ORDER BY {key_of(table)}"
    )
    if lock and connection.dialect.name != "sqlite":
        query += f" FOR UPDATE {lock}"
    return fetched(connection, query)


def key_of(table: str) -> str:
    """The column that identifies a table's rows."""
    return "attachment_id" if table == files.name else "id"


def _sqlite_columns(connection: Connection, table: str) -> tuple[str, ...]:
    rows = connection.exec_driver_sql(f"PRAGMA table_xinfo({table})").mappings()
    return tuple(str(row["name"]) for row in rows if row["hidden"] == 0)
