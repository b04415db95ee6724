"""The declared schema (`tables.py`) in the same words as the live one, and its repairs as SQL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, Index, Table, UniqueConstraint
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateColumn, CreateIndex

from savctl.persistence.schema.inspection.shapes import (
    ColumnShape,
    IndexShape,
    KeyShape,
    TableShape,
    TypeShape,
    default_shape,
    type_shape,
)
from savctl.persistence.schema.inspection.types import TEXTS
from savctl.persistence.types import Choice


def declared(table: Table, dialect: Dialect) -> TableShape:
    """A table as this savctl wants it on this kind of database."""
    mysql = table.dialect_options["mysql"]
    collation = mysql["collate"]
    columns = {column.name: _column(column, collation, dialect) for column in table.columns}
    return TableShape(
        name=table.name,
        engine=mysql["engine"],
        collation=collation,
        columns=columns,
        indexes=tuple(_indexes(table)),
        foreign_keys=tuple(_foreign_keys(table)),
        referenced_by=tuple(
            key
            for other in table.metadata.tables.values()
            for key in _foreign_keys(other)
            if key.remote_table == table.name
        ),
    )


def modify_statement(column: Column[Any], dialect: Dialect) -> str | None:
    """What an operator types to give a column its declared form; SQLite has no such statement."""
    if dialect.name == "sqlite":
        return None
    return f"ALTER TABLE {column.table.name} MODIFY {_spelled(column, dialect)}"


def add_statement(column: Column[Any], dialect: Dialect) -> str:
    """What an operator types to add a column."""
    return f"ALTER TABLE {column.table.name} ADD COLUMN {_spelled(column, dialect)}"


def index_statement(table: Table, columns: tuple[str, ...], dialect: Dialect) -> str:
    """What an operator types to add a declared index."""
    for index in table.indexes:
        if tuple(column.name for column in index.columns) == columns:
            return str(CreateIndex(index).compile(dialect=dialect)).strip()
    unique = next((u.name for u in _uniques(table) if tuple(u.columns.keys()) == columns), None)
    return f"CREATE UNIQUE INDEX {unique} ON {table.name} ({', '.join(columns)})"


def key_statement(key: KeyShape, dialect: Dialect) -> str | None:
    """What an operator types to add a declared foreign key; SQLite has no such statement."""
    if dialect.name == "sqlite":
        return None
    column = key.columns[0]
    return (
        f"ALTER TABLE {key.table} ADD CONSTRAINT {key.table}_{column}_foreign FOREIGN KEY "
        f"({column}) REFERENCES {key.remote_table} (id) ON DELETE {key.on_delete}"
    )


def _column(column: Column[Any], collation: str, dialect: Dialect) -> ColumnShape:
    shape = _type(column, dialect)
    return ColumnShape(
        name=column.name,
        type=shape,
        nullable=bool(column.nullable),
        default=_default(column),
        collation=_collation(column, shape, collation, dialect),
        numbered=bool(column.primary_key) and column.autoincrement is True,
    )


def _type(column: Column[Any], dialect: Dialect) -> TypeShape:
    if isinstance(column.type, Choice):
        return TypeShape("enum", values=tuple(column.type.enums))
    return type_shape(column.type.compile(dialect=dialect))


def _collation(
    column: Column[Any], shape: TypeShape, of_table: str, dialect: Dialect
) -> str | None:
    """The table's on a server; on SQLite what the column itself declares."""
    if shape.kind not in TEXTS:
        return None
    if dialect.name == "sqlite":
        return getattr(column.type.dialect_impl(dialect), "collation", None) or "BINARY"
    return of_table


def _default(column: Column[Any]) -> str | None:
    default: Any = column.server_default
    return None if default is None else default_shape(str(default.arg))


def _indexes(table: Table) -> Iterator[IndexShape]:
    yield IndexShape(columns=tuple(table.primary_key.columns.keys()), unique=True, primary=True)
    for unique in _uniques(table):
        yield IndexShape(columns=tuple(unique.columns.keys()), unique=True)
    for index in sorted(table.indexes, key=_name):
        yield IndexShape(columns=tuple(c.name for c in index.columns), unique=bool(index.unique))


def _name(index: Index) -> str:
    return str(index.name)


def _uniques(table: Table) -> Iterator[UniqueConstraint]:
    return (c for c in table.constraints if isinstance(c, UniqueConstraint))


def _foreign_keys(table: Table) -> Iterator[KeyShape]:
    for key in sorted(table.foreign_keys, key=lambda k: k.parent.name):
        yield KeyShape(
            table=table.name,
            columns=(key.parent.name,),
            remote_table=key.column.table.name,
            on_delete=str(key.ondelete),
        )


def _spelled(column: Column[Any], dialect: Dialect) -> str:
    return " ".join(str(CreateColumn(column).compile(dialect=dialect)).split())
