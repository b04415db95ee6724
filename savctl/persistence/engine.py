"""Connections in UTC, transactions that are run again when the database asks for it."""

from __future__ import annotations

import itertools
import logging
import random
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import datetime
from operator import methodcaller
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from savctl.domain.access.file_access import Requester
from savctl.domain.encryption.codec import MetadataCodec
from savctl.errors import ConfigurationError, InvalidInput, Unavailable
from savctl.persistence import commit_tokens, visibility
from savctl.persistence.driver_errors import (
    is_conflict,
    is_worth_another_try,
    leave_server,
    translated,
)
from savctl.persistence.server_words import with_server_words
from savctl.persistence.types import times_cut
from savctl.private_files import make_private_file, make_private_folder
from savctl.shared_part import shared_part

T = TypeVar("T")
OpenConnection = Connection  # what use cases hand on and do not look into

_ATTEMPTS = 8
_PATIENCE = 2  # lock waits: who holds a row for longer holds it for minutes
_FIRST_PAUSE_SECONDS = 0.02
_LONGEST_PAUSE_SECONDS = 1.0
_READS = {"savctl_reads": True}
# A connection that broke is closed, and the pool would print a traceback about it.
logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)
# Lists are in the order of one index and end after a page; servers like to read all of a second
# index first, to save rows that nobody asks for. Only MariaDB has, and reads, the second half.
_ONE_INDEX = "optimizer_switch='index_merge_intersection=off' /*M!100403 ',rowid_filter=off' */"
# SQLite stores any bytes as text; what is not UTF-8 is shown as U+FFFD and ends no list.
LEGIBLE: Callable[[bytes], str] = methodcaller("decode", "utf-8", "replace")


class Database:
    """One database: connections are made on first use, so that help needs none.

    What is written to `metadata` passes the codec; without one nothing is encrypted.
    """

    def __init__(
        self,
        url: str,
        *,
        codec: MetadataCodec | None = None,
        lock_wait_seconds: int = 10,
        table_wait_seconds: int = 30,
        statement_seconds: int = 120,
        connect_seconds: int = 10,
    ) -> None:
        self.codec = codec or MetadataCodec()
        self._lock_wait_seconds = lock_wait_seconds
        self._table_wait_seconds = table_wait_seconds
        self._statement_seconds = statement_seconds
        self._connect_seconds = connect_seconds
        self.requester: Requester | None = None  # whose token narrows what is seen
        try:
            self.url: URL = make_url(url)
        except (ArgumentError, ValueError):
            raise ConfigurationError("database_url is not a database address") from None

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded kind."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def name(self) -> str:
        """What people call it, without a password: `database@host:port` or the file."""
        if self.is_sqlite:
            return str(self.url.database)
        return f"{self.url.database}@{self.url.host}:{self.url.port or 3306}"

    @shared_part
    def engine(self) -> Engine:
        """The connection pool.

        Raises:
            ConfigurationError: the address asks for something that cannot be.
        """
        with self._in_address():
            engine = self._sqlite_engine() if self.is_sqlite else self._server_engine()
        event.listen(engine, "do_connect", self._connect)
        return engine

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for reading; on SQLite it does not queue behind a writer."""
        with self._translating(), self.engine.connect() as connection:
            yield connection.execution_options(**_READS, **self._sight)

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection whose transactions are the caller's own: schema changes."""
        with self._translating(), self.engine.connect() as connection:
            yield connection

    def transaction(
        self,
        work: Callable[[Connection], T],
        *,
        dry_run: bool = False,
        conflicts: int | None = None,
    ) -> T:
        """Run `work` in one transaction and answer what it answers.

        Deadlocks, lock waits and lost connections roll everything back and run the whole of
        `work` again (1205 alone rolls back one statement only; committing after it would store
        half a change), so `work` must be repeatable and talk to nothing but the database.
        When the answer to COMMIT was lost, `work` runs again only after it is certain that the
        transaction was not stored. A dry run is rolled back at the end. After `conflicts`
        conflicts with other writers it is given up.

        Raises:
            MayBeStored: the answer to COMMIT was lost, and the database stayed away.
        """
        give_up = time.monotonic() + _PATIENCE * self._lock_wait_seconds
        with self._translating(is_rolled_back=True):
            for attempt in range(1, _ATTEMPTS + 1):
                try:
                    return self._once(work, dry_run)
                except commit_tokens.CommitInDoubt as doubt:
                    if doubt.token is not None and self.was_committed(doubt.token):
                        return doubt.answer  # type: ignore[no-any-return]
                    problem = doubt.problem
                except DBAPIError as failure:
                    problem = failure
                is_last = attempt == _ATTEMPTS or time.monotonic() >= give_up
                is_last |= is_conflict(problem) and attempt == conflicts
                if is_last or not is_worth_another_try(problem, attempt):
                    raise problem
                self._pause(attempt)
        raise AssertionError("unreachable")

    def was_committed(self, token: str) -> bool:
        """Whether the transaction that left this token was stored; if not, it never will be.

        A transaction that is still open on the server is waited for, and a server that is away
        as well, as long as for a lock.

        Raises:
            MayBeStored: it could not be found out.
        """
        give_up = time.monotonic() + self._lock_wait_seconds
        for attempt in itertools.count(1):
            try:
                with self.engine.connect() as connection, connection.begin():
                    return commit_tokens.was_stored(connection, token)
            except (DBAPIError, PoolTimeout) as problem:
                if time.monotonic() >= give_up:
                    raise commit_tokens.MayBeStored(self.name, token) from problem
            self._pause(attempt)
        raise AssertionError("unreachable")

    def with_patience(
        self, *, lock_wait_seconds: int, statement_seconds: int, connect_seconds: int = 10
    ) -> Database:
        """The same database through connections of its own, with other limits; close it."""
        other = Database(
            self.url.render_as_string(hide_password=False),
            codec=self.codec,
            lock_wait_seconds=lock_wait_seconds,
            table_wait_seconds=lock_wait_seconds,
            statement_seconds=statement_seconds,
            connect_seconds=connect_seconds,
        )
        other.requester = self.requester
        return other

    def close(self) -> None:
        """Give back every connection."""
        if "engine" in self.__dict__:
            self.engine.dispose()

    def _once(self, work: Callable[[Connection], T], dry_run: bool) -> T:
        with self.engine.connect() as connection:
            connection.execution_options(**self._sight)
            commit_tokens.begin(connection)
            with connection.begin() as transaction:
                if dry_run:
                    with nullcontext() if self.is_sqlite else times_cut():
                        answer = work(connection)
                    transaction.rollback()
                    return answer
                answer = work(connection)
                if not self.is_sqlite:
                    commit_tokens.commit(connection, transaction, answer)
            return answer

    @property
    def _sight(self) -> dict[str, Requester]:
        return {} if self.requester is None else {visibility.OPTION: self.requester}

    def _pause(self, attempt: int) -> None:
        longest = min(_FIRST_PAUSE_SECONDS * 2**attempt, _LONGEST_PAUSE_SECONDS)
        time.sleep(random.uniform(0, longest))  # noqa: S311 - jitter, not a secret

    @contextmanager
    def _translating(self, *, is_rolled_back: bool = False) -> Iterator[None]:
        try:
            yield
        except DBAPIError as problem:
            failure = translated(problem, self.name, is_rolled_back=is_rolled_back)
            raise with_server_words(failure, problem) from problem
        except PoolTimeout as problem:
            raise Unavailable(
                f"no connection to the database {self.name} became free", database=self.name
            ) from problem
        except OverflowError as problem:  # sqlite3: an integer over 64 bits
            raise InvalidInput(
                "a number is too large for this database: SQLite holds whole numbers up to "
                f"{2**63 - 1}",
                database=self.name,
            ) from problem

    def _connect(self, dialect: Any, _: object, given: Any, named: Any) -> Any:
        if self.is_sqlite:
            self._claim_file()
            with self._in_address():
                return dialect.connect(*given, **named)
        with self._in_address():  # PyMySQL reads options and key files before it asks the server
            connection = dialect.connect(*given, **named, defer_connect=True)
        try:
            connection.connect()
        except (ValueError, TypeError, LookupError, struct.error) as problem:
            raise Unavailable(
                f"the server at {self.name} is not MySQL or MariaDB: {type(problem).__name__}",
                hint="Do host and port name the database server?",
                database=self.name,
            ) from problem
        return connection

    def _claim_file(self) -> None:
        """Make the file before SQLite does: it would be readable by everybody."""
        name = str(self.url.database or "")
        if name and name != ":memory:" and not name.startswith("file:"):
            with suppress(OSError):  # SQLite reports what is wrong
                make_private_file(Path(name))

    @contextmanager
    def _in_address(self) -> Iterator[None]:
        """What a driver refuses before it asks a server: a wrong option, a file of keys.

        Its words may repeat the address, so only their kind and names are shown.
        """
        try:
            yield
        except (OSError, ValueError, TypeError, LookupError, ArgumentError) as problem:
            why = getattr(problem, "strerror", None) or type(problem).__name__
            options = ", ".join(sorted(self.url.query))
            raise ConfigurationError(
                f"database_url cannot be used: {why}" + f" (options: {options})" * bool(options),
                hint="Look at the options behind its question mark, and at the files they name.",
            ) from problem

    def _sqlite_engine(self) -> Engine:
        engine = create_engine(self.url, hide_parameters=True)
        event.listen(engine, "connect", self._prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    def _prepare_sqlite(self, connection: Any, _: object) -> None:
        connection.isolation_level = None  # BEGIN is ours: see _begin_sqlite
        connection.text_factory = LEGIBLE
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={self._lock_wait_seconds * 1000}")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA journal_mode")
        if cursor.fetchone()[0] != "wal" and self.url.database not in {None, "", ":memory:"}:
            _try_wal(cursor)
        cursor.execute("PRAGMA synchronous=NORMAL")
        if self.codec.is_configured:  # what a plain value leaves behind is overwritten (rules 13)
            cursor.execute("PRAGMA secure_delete=ON")
        cursor.close()

    def _server_engine(self) -> Engine:
        settings = ", ".join(
            (
                "time_zone='+00:00'",
                f"innodb_lock_wait_timeout={self._lock_wait_seconds}",
                f"lock_wait_timeout={self._table_wait_seconds}",
                _ONE_INDEX,
            )
        )
        engine = create_engine(
            self.url.update_query_dict({"charset": "utf8mb4"}),
            isolation_level="READ COMMITTED",
            hide_parameters=True,  # they are customers' words, and errors are logged
            max_overflow=60,  # a scheduler runs every job in a thread of its own
            pool_pre_ping=True,
            pool_recycle=1800,
            connect_args={
                # as the server's own client sends it; PyMySQL alone would take it for Latin-1
                "password": (self.url.password or "").encode(),
                "conv": _quick_conversions(),
                "init_command": f"SET SESSION {settings}",
                "connect_timeout": self._connect_seconds,
                "read_timeout": self._statement_seconds,
                "write_timeout": self._statement_seconds,
            },
        )
        event.listen(engine, "after_cursor_execute", commit_tokens.note_write)
        event.listen(engine, "handle_error", leave_server)
        return engine


def _quick_conversions() -> dict[Any, Any]:
    """PyMySQL's conversions, with a quicker one for times: its own takes a regex for each."""
    from pymysql.constants import FIELD_TYPE
    from pymysql.converters import conversions, convert_datetime

    def to_datetime(text: str) -> Any:
        try:
            return datetime.fromisoformat(text)
        except ValueError:  # a zero date
            return convert_datetime(text)

    return {**conversions, FIELD_TYPE.DATETIME: to_datetime, FIELD_TYPE.TIMESTAMP: to_datetime}


def _try_wal(cursor: Any) -> None:
    """Write-ahead logging where the folder may be written; a read-only file stays as it is."""
    import sqlite3

    try:
        cursor.execute("PRAGMA journal_mode=WAL")
    except sqlite3.OperationalError:
        return


def _begin_sqlite(connection: Connection) -> None:
    # A deferred BEGIN that reads and then writes fails at once with "database is locked",
    # whatever the busy timeout; a writer therefore queues at its start.
    reads = connection.get_execution_options().get("savctl_reads")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def prepare_folder(database: Database) -> None:
    """Make the folder of an embedded database, readable by its owner only."""
    if database.is_sqlite and database.url.database not in {None, "", ":memory:"}:
        folder = Path(str(database.url.database)).parent
        try:
            make_private_folder(folder)
        except OSError as problem:
            raise ConfigurationError(
                f"cannot make the folder {folder}: {problem.strerror}",
                hint="Set SAVCTL_HOME to a folder that you may write.",
            ) from problem


def server_now(connection: Connection) -> str:
    """SQL for the database's own clock in UTC: leases are measured on it alone."""
    if connection.dialect.name == "sqlite":
        return "strftime('%Y-%m-%d %H:%M:%f', 'now')"
    return "UTC_TIMESTAMP(6)"


def ping(connection: Connection) -> None:
    """One round trip."""
    connection.execute(text("SELECT 1"))
