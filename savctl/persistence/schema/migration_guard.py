"""Steps that can be run again: DDL does not roll back on MySQL and MariaDB.

An upgrade that was killed anywhere goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.schema import SchemaItem


def create_table(
    name: str,
    *items: SchemaItem,
    indexes: Mapping[str, tuple[str, ...]] | None = None,
    **options: Any,
) -> None:
    """Create a table and its indexes, as far as they are not there.

    Alembic sends each index as a statement of its own, and MySQL has no CREATE INDEX IF NOT
    EXISTS; therefore they are not given with the table.
    """
    op.create_table(name, *items, if_not_exists=True, **options)
    if indexes:
        create_indexes(name, indexes)


def create_indexes(table: str, indexes: Mapping[str, tuple[str, ...]]) -> None:
    """Create the indexes of a table that are not there, each by its name."""
    there = _index_names(table)
    for index, columns in indexes.items():
        if index not in there:
            op.create_index(index, table, list(columns))


def drop_indexes(table: str, indexes: Iterable[str]) -> None:
    """Drop the indexes of a table that are there."""
    there = _index_names(table)
    for index in indexes:
        if index in there or context.is_offline_mode():
            op.drop_index(index, table)


def _index_names(table: str) -> set[str]:
    if context.is_offline_mode():
        return set()
    return {str(index["name"]) for index in sa.inspect(op.get_bind()).get_indexes(table)}
