"""Millions of rows into a database in minutes: LOAD DATA on a server, executemany on SQLite."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pymysql
from pymysql.cursors import Cursor
from sqlalchemy.engine import make_url

from benchmarks.framework.figures import say
from benchmarks.framework.shop import MESSAGE_COLUMNS, TICKET_COLUMNS, Row, Shop, slices
from savctl.persistence.connections.waits import Waits
from savctl.persistence.engine import Database
from savctl.persistence.schema import versions
from savctl.persistence.schema.migration_search import (
    INDEXED,
    create_statements,
    drop_statements,
    family_of,
)

_SAY_EVERY = 100_000
_TABLES = (("support_tickets", TICKET_COLUMNS), ("ticket_messages", MESSAGE_COLUMNS))


def migrate(url: str) -> None:
    """Make the tables, as `savctl db upgrade` does."""
    database = Database(url)
    versions.upgrade(database, owner="benchmarks")
    database.close()


def fill(url: str, shop: Shop) -> None:
    """Put the shop's tickets and messages into the empty tables at this address."""
    load = _into_sqlite if url.startswith("sqlite") else _into_server
    load(url, shop)


@contextmanager
def without_search_index(url: str) -> Iterator[None]:
    """The tables have no index for search while the block runs, and one afterwards."""
    database = Database(url, waits=Waits(statement_seconds=6 * 3600))
    for make, begins in ((drop_statements, True), (create_statements, False)):
        with database.connection() as connection:
            for table in INDEXED:
                for statement in make(family_of(connection.dialect), table):
                    connection.exec_driver_sql(statement)
            connection.commit()
        if begins:
            yield
            say("making the search indexes")
    database.close()


def plain_connection(url: str) -> pymysql.Connection[Cursor]:
    """A connection of PyMySQL alone, in UTC and READ COMMITTED as savctl's are."""
    found = make_url(url)
    connection = pymysql.connect(
        host=found.host,
        port=found.port or 3306,
        user=found.username,
        password=found.password or "",
        database=found.database,
        charset="utf8mb4",
        local_infile=True,
        init_command="SET SESSION time_zone = '+00:00'",
    )
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
    return connection


def _into_server(url: str, shop: Shop) -> None:
    with (
        closing(plain_connection(url)) as connection,
        connection.cursor() as cursor,
        tempfile.TemporaryDirectory(prefix="savctl-load-") as folder,
    ):
        cursor.execute("SET SESSION foreign_key_checks = 0, unique_checks = 0")
        for piece in slices(shop):
            for (table, columns), rows in zip(
                _TABLES, (piece.tickets, piece.messages), strict=True
            ):
                file = Path(folder) / f"{table}.tsv"
                _write_tsv(file, rows)
                cursor.execute(
                    f"LOAD DATA LOCAL INFILE '{file}' INTO TABLE {table} "
                    f"CHARACTER SET utf8mb4 ({', '.join(columns)})"
                )
            connection.commit()
            _tell(piece.tickets, shop)
        for table, _ in _TABLES:
            cursor.execute(f"ANALYZE TABLE {table}")


def _into_sqlite(url: str, shop: Shop) -> None:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        for piece in slices(shop):
            for (table, columns), rows in zip(
                _TABLES, (piece.tickets, piece.messages), strict=True
            ):
                marks = ", ".join("?" * len(columns))
                connection.executemany(
                    f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows
                )
            connection.commit()
            _tell(piece.tickets, shop)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _write_tsv(file: Path, rows: Sequence[Row]) -> None:
    with file.open("w", encoding="utf-8") as out:
        out.writelines("\t".join(map(_field, row)) + "\n" for row in rows)


def _field(value: object) -> str:
    """One value; the shop's texts hold neither tabs nor backslashes."""
    return "\\N" if value is None else str(value)


def _tell(loaded: Sequence[Row], shop: Shop) -> None:
    last = int(str(loaded[-1][0]))
    if last % _SAY_EVERY == 0 or last == shop.tickets:
        say(f"{last:,} of {shop.tickets:,} tickets loaded")
