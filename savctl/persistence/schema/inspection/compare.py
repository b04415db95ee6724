"""The live schema compared with the declared one, column by column (design 5.6).

Each difference has a level. An *error* stops `db adopt`: the service's or savctl's reads
and writes would fail, or mean something else. What is *tolerated* is Laravel's own way of
saying the same, or costs speed only. Tables that are not the service's are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, Table
from sqlalchemy.engine import Dialect

from savctl.persistence.schema.inspection.advice import Difference, of_column, of_key, of_table
from savctl.persistence.schema.inspection.columns import judge_columns
from savctl.persistence.schema.inspection.declared import declared
from savctl.persistence.schema.inspection.keys import judge_foreign_keys, judge_indexes
from savctl.persistence.schema.inspection.server import read_server
from savctl.persistence.schema.inspection.shapes import TableShape
from savctl.persistence.schema.inspection.sqlite import read_sqlite
from savctl.persistence.schema.inspection.types import DifferenceLevel, DifferenceVerdict
from savctl.persistence.schema.tables import SERVICE_TABLES

_MISSING = DifferenceVerdict(DifferenceLevel.ERROR, "the service's migrations have to make it")
_VIEW = DifferenceVerdict(
    DifferenceLevel.ERROR, "rows of a view cannot be locked and changed safely"
)


def differences(
    connection: Connection, tables: Sequence[Table] = SERVICE_TABLES
) -> list[Difference]:
    """Every difference of these tables, errors first."""
    live = _read(connection, tables)
    found = [
        difference
        for table in tables
        for difference in _compare(table, live.get(table.name), connection.dialect)
    ]
    return sorted(found, key=lambda difference: difference.level is not DifferenceLevel.ERROR)


def has_any(connection: Connection, tables: Sequence[Table] = SERVICE_TABLES) -> bool:
    """Whether at least one of these tables is there."""
    return bool(_read(connection, tables))


def _read(connection: Connection, tables: Sequence[Table]) -> dict[str, TableShape]:
    names = [table.name for table in tables]
    if connection.dialect.name == "sqlite":
        return read_sqlite(connection, names)
    return read_server(connection, names)


def _compare(table: Table, got: TableShape | None, dialect: Dialect) -> Iterator[Difference]:
    name, want = table.name, declared(table, dialect)
    if got is None:
        yield of_table(name, "table", "there", "missing", _MISSING)
        return
    if got.is_view:
        yield of_table(name, "table", "a table", "a view", _VIEW)
        return
    yield from _of_whole_table(want, got)
    for finding in judge_columns(want, got, is_sqlite=dialect.name == "sqlite"):
        yield of_column(table, finding, dialect)
    for key in (*judge_indexes(want, got), *judge_foreign_keys(want, got)):
        yield of_key(table, key, dialect)


def _of_whole_table(want: TableShape, got: TableShape) -> Iterator[Difference]:
    if got.engine is not None and got.engine != want.engine:
        repair = f"ALTER TABLE {want.name} ENGINE={want.engine}"
        verdict = DifferenceVerdict(DifferenceLevel.ERROR, "no transactions and no row locks")
        yield of_table(want.name, "engine", str(want.engine), got.engine, verdict, repair)
    if got.collation not in {None, want.collation}:
        verdict = DifferenceVerdict(
            DifferenceLevel.TOLERATED, "only columns that are added later would have it"
        )
        expected, found = str(want.collation), str(got.collation)
        yield of_table(want.name, "default collation", expected, found, verdict)
