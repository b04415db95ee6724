"""Rows and bytes of savctl's and the service's tables; tables of others are not named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from savctl.persistence.engine import Database
from savctl.persistence.schema import maintenance
from savctl.persistence.schema.tables import metadata
from savctl.persistence.sql import quoted_name


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredTable:
    """A table; rows are an estimate on a server, bytes include its indexes."""

    name: str
    rows: int
    bytes: int | None
    free_bytes: int | None


def measured_tables(database: Database) -> Iterator[MeasuredTable]:
    """Each table that is there, by name."""
    if database.is_sqlite:
        yield from _in_file(database)
        return
    for size in sorted(maintenance.sizes(database), key=lambda one: one.name):
        if size.name in metadata.tables:
            taken = size.data_bytes + size.index_bytes
            yield MeasuredTable(
                name=size.name, rows=size.rows or 0, bytes=taken, free_bytes=size.free_bytes
            )


def _in_file(database: Database) -> Iterator[MeasuredTable]:
    with database.reading() as connection:
        query = text("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        there = [name for name in connection.execute(query).scalars() if name in metadata.tables]
        pages = _pages(connection)
        for name in there:
            table = quoted_name(connection, name)
            rows = connection.execute(text(f"SELECT COUNT(*) FROM {table}")).scalar_one()  # noqa: S608 - quoted
            taken, free = pages.get(name, (None, None))
            yield MeasuredTable(name=name, rows=int(rows), bytes=taken, free_bytes=free)


def _pages(connection: Connection) -> dict[str, tuple[int, int]]:
    """Bytes and free bytes of each table with its indexes, where SQLite can count them."""
    query = text(
        "SELECT m.tbl_name, SUM(s.pgsize), SUM(s.unused) FROM dbstat AS s "
        "JOIN sqlite_master AS m ON m.name = s.name WHERE s.aggregate = TRUE GROUP BY m.tbl_name"
    )
    try:
        rows = connection.execute(query).all()
    except DBAPIError:  # no dbstat in this build
        return {}
    return {name: (int(taken), int(free)) for name, taken, free in rows}
