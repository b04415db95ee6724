"""How large and how fragmented tables are, and what brings them in shape again.

On MariaDB and MySQL an OPTIMIZE rebuilds the table beside the old one. Readers and writers go
on meanwhile, but at its start and end it wants the table alone for a moment: it waits for every
open transaction that has touched the table, and everybody else waits behind it.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from savctl.persistence.connections.waits import Waits
from savctl.persistence.driver_errors import is_contended, is_refused
from savctl.persistence.engine import Database
from savctl.persistence.schema.server_info import server_of
from savctl.persistence.schema.tables import jobs, metadata

# The service's queue is its own affair.
CARED_FOR: tuple[str, ...] = tuple(name for name in metadata.tables if name != jobs.name)
_STALL_SECONDS = 1  # the longest that anybody may wait behind us: the least there is
_REBUILD_SECONDS = 6 * 3600
_IN_USE = "in use: somebody held it locked"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSize:
    """A table, or the whole file of a SQLite database; rows are the server's estimate."""

    name: str
    rows: int | None
    data_bytes: int
    index_bytes: int
    free_bytes: int

    @property
    def total_bytes(self) -> int:
        """What it takes on the disk."""
        return self.data_bytes + self.index_bytes + self.free_bytes

    @property
    def free_percent(self) -> int:
        """The share of it that is held and not used."""
        return 100 * self.free_bytes // self.total_bytes if self.total_bytes else 0


def sizes(database: Database) -> list[TableSize]:
    """Every table of the database, largest first; of SQLite the file."""
    with database.reading() as connection:
        if database.is_sqlite:
            return [_file_size(connection)]
        if server_of(connection).family == "mysql":  # else figures of the day before
            connection.execute(text("SET SESSION information_schema_stats_expiry = 0"))
        rows = connection.execute(
            text(
                "SELECT TABLE_NAME, TABLE_ROWS, DATA_LENGTH, INDEX_LENGTH, DATA_FREE "
                "FROM information_schema.TABLES "
                "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'BASE TABLE'"
            )
        )
        found = [
            TableSize(
                name=name,
                rows=int(count or 0),
                data_bytes=int(data or 0),
                index_bytes=int(index or 0),
                free_bytes=int(free or 0),
            )
            for name, count, data, index, free in rows
        ]
    return sorted(found, key=lambda size: (-size.total_bytes, size.name))


@contextmanager
def caretaker(database: Database) -> Iterator[Database]:
    """The same database through connections that may take hours, but never wait for a table."""
    patient = database.waiting(
        Waits(
            lock_wait_seconds=_STALL_SECONDS,
            table_wait_seconds=_STALL_SECONDS,
            statement_seconds=_REBUILD_SECONDS,
        )
    )
    with closing(patient):
        yield patient


def analyze(patient: Database, table: str) -> str | None:
    """Count the table's keys again for the server's plans; answers why not, if not."""
    if patient.is_sqlite:
        return _sqlite(patient, f"ANALYZE {table}")
    return _server(patient, f"ANALYZE TABLE {table}")


def optimize(patient: Database, table: str) -> str | None:
    """Rebuild the table (of SQLite the file); answers why not, if not."""
    if patient.is_sqlite:
        return _sqlite(patient, "VACUUM")
    return _server(patient, f"OPTIMIZE TABLE {table}")


def obstacle(database: Database, table: str) -> str | None:
    """Why a rebuild would make others wait for longer than a moment, if it would."""
    if database.is_sqlite:
        return None
    with database.reading() as connection:
        if _variable(connection, "wsrep_on") == "ON":
            return "a cluster would stand still until it is done"
        if _variable(connection, "old_alter_table") in {"ON", "COPY"} or _has_fulltext(
            connection, table
        ):
            return "writers would have to wait until it is done"
        try:
            before = _open_transactions(connection)
        except DBAPIError as problem:
            if is_refused(problem):
                return "whom it would block cannot be seen without the PROCESS privilege"
            raise
        time.sleep(_STALL_SECONDS)
        lasting = len(before & _open_transactions(connection))
    if lasting:
        return f"open transactions: {lasting}; a rebuild would wait for them and block others"
    return None


def _file_size(connection: Connection) -> TableSize:
    def pragma(name: str) -> int:
        return int(connection.exec_driver_sql(f"PRAGMA {name}").scalar() or 0)

    page, free = pragma("page_size"), pragma("freelist_count")
    used = pragma("page_count") - free
    return TableSize(
        name="(the file)", rows=None, data_bytes=used * page, index_bytes=0, free_bytes=free * page
    )


def _variable(connection: Connection, name: str) -> str | None:
    query = text("SHOW SESSION VARIABLES WHERE Variable_name = :name")
    row = connection.execute(query, {"name": name}).first()
    return str(row[1]).upper() if row else None


def _has_fulltext(connection: Connection, table: str) -> bool:
    query = text(
        "SELECT 1 FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() "
        "AND TABLE_NAME = :name AND INDEX_TYPE = 'FULLTEXT' LIMIT 1"
    )
    return connection.execute(query, {"name": table}).first() is not None


def _open_transactions(connection: Connection) -> set[tuple[int, str]]:
    """Other sessions' transactions, by connection and start."""
    rows = connection.execute(
        text(
            "SELECT trx_mysql_thread_id, trx_started FROM information_schema.INNODB_TRX "
            "WHERE trx_mysql_thread_id NOT IN (0, CONNECTION_ID())"
        )
    )
    return {(int(thread), str(started)) for thread, started in rows}


def _server(patient: Database, statement: str) -> str | None:
    """The statement answers rows; its last `status` is OK, or an `Error` with what is wrong."""
    with patient.connection() as connection:
        try:
            rows = connection.exec_driver_sql(statement).all()
        except DBAPIError as problem:
            if is_contended(problem):
                return _IN_USE
            if is_refused(problem):
                return "the database user may not (it takes SELECT and INSERT)"
            raise
    errors = [str(row[3]) for row in rows if str(row[2]).lower() == "error"]
    if any("lock wait" in error.lower() for error in errors):
        return _IN_USE
    return "; ".join(errors) or None


def _sqlite(patient: Database, statement: str) -> str | None:
    """Past SQLAlchemy: its transactions are writers from their start, and VACUUM wants none."""
    with patient.connection() as connection:
        raw = connection.connection.dbapi_connection
        try:
            raw.execute("PRAGMA analysis_limit = 1000")  # type: ignore[union-attr]
            raw.execute(statement)  # type: ignore[union-attr]
        except sqlite3.OperationalError as problem:
            if "locked" in str(problem):
                return _IN_USE
            if "no such table" in str(problem):
                return "it is not there: savctl db status"
            raise
    return None
