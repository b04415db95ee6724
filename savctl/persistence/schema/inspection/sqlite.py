"""The live schema of a SQLite file, from its pragmas and its CREATE statements."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from savctl.persistence.schema.inspection.shapes import (
    ColumnShape,
    IndexShape,
    KeyShape,
    TableShape,
    TypeShape,
    default_shape,
    quoted_values,
    type_shape,
)

_TABLES = "SELECT name, type AS kind, sql FROM sqlite_master WHERE type IN ('table', 'view')"
_COLUMNS = "SELECT * FROM pragma_table_xinfo(:name)"
_INDEXES = 'SELECT name, "unique" AS is_unique, origin FROM pragma_index_list(:name)'
_INDEX_COLUMNS = "SELECT name, coll FROM pragma_index_xinfo(:name) WHERE key = 1 ORDER BY seqno"
_KEYS = (
    'SELECT id, "table" AS remote, "from" AS name, on_delete '
    "FROM pragma_foreign_key_list(:name) ORDER BY id, seq"
)
_GENERATED = (2, 3)


def read_sqlite(connection: Connection, names: Sequence[str]) -> dict[str, TableShape]:
    """The tables of these names that are there."""
    there = {row.name: row for row in connection.execute(text(_TABLES))}
    keys = [key for name in there for key in _keys(connection, name)]
    return {name: _table(connection, there[name], keys) for name in names if name in there}


def _table(connection: Connection, master: Row[Any], keys: Sequence[KeyShape]) -> TableShape:
    collations = dict(_collations(connection, master.name))
    rows = connection.execute(text(_COLUMNS), {"name": master.name}).all()
    primary = tuple(row.name.lower() for row in sorted(rows, key=lambda r: r.pk) if row.pk)
    indexes = [IndexShape(columns=primary, unique=True, primary=True)] if primary else []
    return TableShape(
        name=master.name,
        is_view=master.kind != "table",
        columns={row.name.lower(): _column(row, master.sql or "", collations) for row in rows},
        indexes=(*indexes, *_indexes(connection, master.name)),
        foreign_keys=tuple(key for key in keys if key.table == master.name),
        referenced_by=tuple(key for key in keys if key.remote_table == master.name),
    )


def _column(row: Row[Any], sql: str, collations: dict[str, str]) -> ColumnShape:
    name = row.name.lower()
    values = _checked_values(sql, row.name)
    numbered = bool(row.pk) and row.type.upper() == "INTEGER" and "autoincrement" in sql.lower()
    return ColumnShape(
        name=row.name,
        type=TypeShape("enum", values=values) if values else type_shape(row.type),
        nullable=not row.notnull and not row.pk,
        default=default_shape(row.dflt_value),
        collation=collations.get(name),
        numbered=numbered,
        generated=row.hidden in _GENERATED,
    )


def _checked_values(sql: str, column: str) -> tuple[str, ...]:
    """The values that CHECK (column IN (…)) allows: SQLite's form of ENUM."""
    pattern = rf"""check\s*\(\s*["`\[]?{re.escape(column)}["`\]]?\s+in\s*\(([^)]*)\)"""
    match = re.search(pattern, sql, re.IGNORECASE)
    return quoted_values(match[1]) if match else ()


def _collations(connection: Connection, table: str) -> Iterator[tuple[str, str]]:
    """The collation of each indexed column; SQLite does not report the others'."""
    for index in connection.execute(text(_INDEXES), {"name": table}).all():
        for row in connection.execute(text(_INDEX_COLUMNS), {"name": index.name}):
            if row.name:
                yield row.name.lower(), row.coll


def _indexes(connection: Connection, table: str) -> Iterator[IndexShape]:
    for index in connection.execute(text(_INDEXES), {"name": table}).all():
        rows = connection.execute(text(_INDEX_COLUMNS), {"name": index.name}).all()
        if index.origin != "pk":
            columns = tuple((row.name or "(expression)").lower() for row in rows)
            yield IndexShape(columns=columns, unique=bool(index.is_unique))


def _keys(connection: Connection, table: str) -> Iterator[KeyShape]:
    found: dict[int, tuple[Row[Any], list[str]]] = {}
    for row in connection.execute(text(_KEYS), {"name": table}):
        found.setdefault(row.id, (row, []))[1].append(row.name.lower())
    for row, columns in found.values():
        yield KeyShape(
            table=table,
            columns=tuple(columns),
            remote_table=row.remote,
            on_delete=row.on_delete.upper(),
        )
