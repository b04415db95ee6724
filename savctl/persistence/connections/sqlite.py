"""Connections to the embedded kind."""

from __future__ import annotations

from collections.abc import Callable
from operator import methodcaller
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL

# SQLite stores any bytes as text; what is not UTF-8 is shown as U+FFFD and ends no list.
LEGIBLE: Callable[[bytes], str] = methodcaller("decode", "utf-8", "replace")
READS = {"savctl_reads": True}  # the option of a connection that does not queue as a writer


def sqlite_engine(url: URL, *, lock_wait_seconds: int, overwrites: bool) -> Engine:
    """The connections to a file; with `overwrites`, deleted bytes are overwritten (rules 13)."""

    def prepare(connection: Any, _: object) -> None:
        connection.isolation_level = None  # BEGIN is ours: see _begin
        connection.text_factory = LEGIBLE
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={lock_wait_seconds * 1000}")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA journal_mode")
        if cursor.fetchone()[0] != "wal" and url.database not in {None, "", ":memory:"}:
            _try_wal(cursor)
        cursor.execute("PRAGMA synchronous=NORMAL")
        if overwrites:
            cursor.execute("PRAGMA secure_delete=ON")
        cursor.close()

    engine = create_engine(url, hide_parameters=True)
    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _try_wal(cursor: Any) -> None:
    """Write-ahead logging where the folder may be written; a read-only file stays as it is."""
    import sqlite3

    try:
        cursor.execute("PRAGMA journal_mode=WAL")
    except sqlite3.OperationalError:
        return


def _begin(connection: Connection) -> None:
    # A deferred BEGIN that reads and then writes fails at once with "database is locked",
    # whatever the busy timeout; a writer therefore queues at its start.
    reads = READS.keys() <= connection.get_execution_options().keys()
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
