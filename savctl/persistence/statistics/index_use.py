"""Every index of the database and how often it was read since the server started (rules 18.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, text

from savctl.persistence.statistics.sources import (
    StatisticsGap,
    global_counts,
    global_values,
    is_on,
    performance_schema_gap,
    rows_or_gap,
)

_UNKNOWN = "reads of indexes are"
_INDEXES = """
SELECT TABLE_NAME, INDEX_NAME, MIN(NON_UNIQUE), MIN(INDEX_TYPE),
  GROUP_CONCAT(COALESCE(COLUMN_NAME, '(expression)') ORDER BY SEQ_IN_INDEX SEPARATOR ', ')
FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE()
GROUP BY TABLE_NAME, INDEX_NAME ORDER BY TABLE_NAME, INDEX_NAME
"""
_SQLITE_INDEXES = """
SELECT m.name, i.name, i."unique", (SELECT GROUP_CONCAT(COALESCE(c.name, '(expression)'), ', ')
  FROM pragma_index_info(i.name) c)
FROM sqlite_master m, pragma_index_list(m.name) i WHERE m.type = 'table'
  AND m.sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY m.name, i.name
"""
_READS = """
SELECT OBJECT_NAME, INDEX_NAME, COUNT_READ
FROM performance_schema.table_io_waits_summary_by_index_usage
WHERE OBJECT_SCHEMA = DATABASE() AND INDEX_NAME IS NOT NULL
"""
_USER_STATISTICS = """
SELECT TABLE_NAME, INDEX_NAME, ROWS_READ FROM information_schema.INDEX_STATISTICS
WHERE TABLE_SCHEMA = DATABASE()
"""
_REFERENCING = """
SELECT DISTINCT TABLE_NAME, COLUMN_NAME FROM information_schema.KEY_COLUMN_USAGE
WHERE TABLE_SCHEMA = DATABASE() AND REFERENCED_TABLE_NAME IS NOT NULL AND ORDINAL_POSITION = 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexShown:
    """An index; `keeps` is what it is needed for besides speed, `is_counted` whether the server
    counts its reads."""

    table: str
    name: str
    columns: tuple[str, ...]
    keeps: str | None
    is_counted: bool


def all_indexes(connection: Connection) -> list[IndexShown]:
    """Every index of the database, by table and name."""
    if connection.dialect.name == "sqlite":
        return [
            IndexShown(
                table=table,
                name=name,
                columns=tuple(str(columns).split(", ")),
                keeps="rows unique" if unique else None,
                is_counted=False,
            )
            for table, name, unique, columns in connection.execute(text(_SQLITE_INDEXES))
        ]
    referencing = {(row[0], row[1]) for row in connection.execute(text(_REFERENCING))}
    found = []
    for table, name, non_unique, kind, joined in connection.execute(text(_INDEXES)):
        columns = tuple(_text(joined).split(", "))
        keeps = None if int(non_unique) else "rows unique"
        if keeps is None and (table, columns[0]) in referencing:
            keeps = "a foreign key"
        found.append(
            IndexShown(
                table=table,
                name=name,
                columns=columns,
                keeps=keeps,
                is_counted=_text(kind).upper() != "FULLTEXT",
            )
        )
    return found


def reads(connection: Connection) -> Mapping[tuple[str, str], int] | StatisticsGap:
    """Reads of each index by table and name, or why they are not known.

    performance_schema first; on MariaDB the user statistics where that is off.
    """
    if connection.dialect.name == "sqlite":
        return StatisticsGap(
            unknown=_UNKNOWN,
            why="SQLite counts none",
            statement="EXPLAIN QUERY PLAN in front of a query names the index it uses",
        )
    gap = performance_schema_gap(
        connection,
        unknown=_UNKNOWN,
        table="setup_instruments",
        name="wait/io/table/sql/handler",
    )
    if gap is None:
        found = rows_or_gap(
            connection, _READS, {}, unknown=_UNKNOWN, grant_on="performance_schema.*"
        )
        if not isinstance(found, StatisticsGap):
            return {(row[0], row[1]): int(row[2]) for row in found}
        gap = found
    return _by_user_statistics(connection) or gap


def running_for(connection: Connection) -> timedelta | None:
    """For how long the server has been counting: since its start; None on SQLite."""
    if connection.dialect.name == "sqlite":
        return None
    seconds = global_counts(connection, "Uptime").get("uptime")
    return None if seconds is None else timedelta(seconds=seconds)


def _by_user_statistics(connection: Connection) -> Mapping[tuple[str, str], int] | None:
    """MariaDB's other count, where it is switched on and may be read."""
    if not is_on(global_values(connection, "userstat").get("userstat")):
        return None
    found = rows_or_gap(connection, _USER_STATISTICS, {}, unknown=_UNKNOWN, grant_on="*.*")
    if isinstance(found, StatisticsGap):
        return None
    return {(row[0], row[1]): int(row[2]) for row in found}


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
