"""The live schema of a MariaDB or MySQL, from information_schema."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, text

from savctl.persistence.schema.inspection.shapes import (
    NOW,
    ColumnShape,
    IndexShape,
    KeyShape,
    TableShape,
    TypeShape,
    default_shape,
    type_shape,
)

_TABLES = """
SELECT table_name AS name, table_type AS kind, engine AS engine, table_collation AS collation
FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name IN :names
"""
_COLUMNS = """
SELECT table_name AS table_name, column_name AS name, column_type AS spelled,
  is_nullable AS nullable, column_default AS default_value, collation_name AS collation,
  extra AS extra
FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name IN :names
ORDER BY table_name, ordinal_position
"""
_INDEXES = """
SELECT table_name AS table_name, index_name AS name, non_unique AS non_unique,
  column_name AS column_name
FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name IN :names
ORDER BY table_name, index_name, seq_in_index
"""
_KEYS = """
SELECT u.table_name AS table_name, u.constraint_name AS name, u.column_name AS column_name,
  u.referenced_table_name AS remote_table, r.delete_rule AS on_delete
FROM information_schema.key_column_usage u
JOIN information_schema.referential_constraints r
  ON r.constraint_schema = u.constraint_schema AND r.constraint_name = u.constraint_name
  AND r.table_name = u.table_name
WHERE u.table_schema = DATABASE()
  AND (u.table_name IN :names OR u.referenced_table_name IN :names)
ORDER BY u.table_name, u.constraint_name, u.ordinal_position
"""
# MariaDB keeps JSON as LONGTEXT with this check; MySQL has a type of its own.
_JSON_CHECKS = """
SELECT table_name AS table_name, check_clause AS clause
FROM information_schema.check_constraints
WHERE constraint_schema = DATABASE() AND table_name IN :names
"""


def read_server(connection: Connection, names: Sequence[str]) -> dict[str, TableShape]:
    """The tables of these names that are there."""
    is_mariadb = bool(getattr(connection.dialect, "is_mariadb", False))
    checks = _rows(connection, _JSON_CHECKS, names) if is_mariadb else []
    columns = _columns(_rows(connection, _COLUMNS, names), checks, is_mariadb=is_mariadb)
    indexes = _indexes(_rows(connection, _INDEXES, names))
    keys = _keys(_rows(connection, _KEYS, names))
    return {
        row.name: TableShape(
            name=row.name,
            is_view=row.kind != "BASE TABLE",
            engine=row.engine,
            collation=row.collation,
            columns=columns[row.name],
            indexes=tuple(indexes[row.name]),
            foreign_keys=tuple(key for key in keys if key.table == row.name),
            referenced_by=tuple(key for key in keys if key.remote_table == row.name),
        )
        for row in _rows(connection, _TABLES, names)
    }


def _rows(connection: Connection, query: str, names: Sequence[str]) -> Sequence[Row[Any]]:
    statement = text(query).bindparams(bindparam("names", expanding=True))
    return connection.execute(statement, {"names": list(names)}).all()


def _columns(
    rows: Iterable[Row[Any]], checks: Iterable[Row[Any]], *, is_mariadb: bool
) -> dict[str, dict[str, ColumnShape]]:
    checked = {(row.table_name, _plain(row.clause)) for row in checks}
    found: dict[str, dict[str, ColumnShape]] = defaultdict(dict)
    for row in rows:
        shape = type_shape(_text(row.spelled))
        name = row.name.lower()
        if shape.kind == "longtext" and (row.table_name, f"json_valid({name})") in checked:
            shape = TypeShape("json")
        extra = row.extra.lower()
        found[row.table_name][name] = ColumnShape(
            name=row.name,
            type=shape,
            nullable=row.nullable == "YES",
            default=_default(row, is_mariadb=is_mariadb),
            collation=row.collation,
            numbered="auto_increment" in extra,
            updates_itself="on update" in extra,
            generated="virtual generated" in extra or "stored generated" in extra,
        )
    return found


def _default(row: Row[Any], *, is_mariadb: bool) -> str | None:
    """MariaDB reports the default as SQL, MySQL as its bare value unless it is an expression."""
    value = None if row.default_value is None else _text(row.default_value)
    if is_mariadb or "DEFAULT_GENERATED" in row.extra:
        return default_shape(value)
    return NOW if value and default_shape(value) == NOW else value


def _indexes(rows: Iterable[Row[Any]]) -> dict[str, list[IndexShape]]:
    columns: dict[tuple[str, str, bool], list[str]] = defaultdict(list)
    for row in rows:
        # an index over an expression has no column name and stands for no index of ours
        column = row.column_name.lower() if row.column_name else "(expression)"
        columns[row.table_name, row.name, not row.non_unique].append(column)
    found: dict[str, list[IndexShape]] = defaultdict(list)
    for (table, name, unique), names in columns.items():
        index = IndexShape(columns=tuple(names), unique=unique, primary=name == "PRIMARY")
        found[table].append(index)
    return found


def _keys(rows: Iterable[Row[Any]]) -> list[KeyShape]:
    columns: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    for row in rows:
        identity = (row.table_name, row.name, row.remote_table, row.on_delete)
        columns[identity].append(row.column_name.lower())
    return [
        KeyShape(table=table, columns=tuple(names), remote_table=remote, on_delete=rule)
        for (table, _, remote, rule), names in columns.items()
    ]


def _plain(clause: object) -> str:
    return _text(clause).lower().replace("`", "").replace(" ", "")


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
