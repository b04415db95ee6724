"""Connections in UTC, transactions that are run again when the database asks for it."""

from __future__ import annotations

import itertools
import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from savctl.domain.access.file_access import Requester
from savctl.domain.encryption.codec import MetadataCodec
from savctl.domain.text import MAX_FOREIGN_ID, MAX_ID
from savctl.errors import ConfigurationError, InvalidInput, Unavailable
from savctl.persistence import commit_tokens, noted_tickets, visibility
from savctl.persistence.connections.address import (
    address,
    at_node,
    in_address,
    open_file,
    open_server,
)
from savctl.persistence.connections.cluster import take_as_cluster
from savctl.persistence.connections.server import server_engine
from savctl.persistence.connections.sqlite import READS, sqlite_engine
from savctl.persistence.connections.waits import Waits
from savctl.persistence.driver_errors import is_conflict, is_worth_another_try, translated
from savctl.persistence.server_words import with_server_words
from savctl.persistence.types import times_cut
from savctl.private_files import make_private_folder
from savctl.shared_part import shared_part

T = TypeVar("T")
OpenConnection = Connection  # what use cases hand on and do not look into

_ATTEMPTS = 8
_PATIENCE = 2  # lock waits: who holds a row for longer holds it for minutes
_FIRST_PAUSE_SECONDS = 0.02
_LONGEST_PAUSE_SECONDS = 1.0
# A connection that broke is closed, and the pool would print a traceback about it.
logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)


class Database:
    """One database: connections are made on first use, so that help needs none.

    What is written to `metadata` passes the codec; without one nothing is encrypted.
    `is_cluster`: whether other nodes take writes too; None: the server is asked.
    """

    def __init__(
        self,
        url: str,
        *,
        codec: MetadataCodec | None = None,
        waits: Waits | None = None,
        is_cluster: bool | None = None,
    ) -> None:
        self.codec = codec or MetadataCodec()
        self.requester: Requester | None = None  # whose token narrows what is seen
        # gets the ids of the tickets that a transaction changed, inside of it
        self.on_changed: Callable[[Connection, set[int]], None] | None = None
        self.url = address(url)
        self._waits = waits or Waits()
        self._is_cluster = is_cluster
        self._nodes: list[Database] = []

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded kind."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def largest_id(self) -> int:
        """The largest id of another service that a column holds."""
        return MAX_ID if self.is_sqlite else MAX_FOREIGN_ID

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
        with in_address(self.url):
            engine = self._new_engine()
        event.listen(engine, "do_connect", self._connect)
        if self._is_cluster is not None:
            take_as_cluster(engine, self._is_cluster)
        return engine

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for reading; on SQLite it does not queue behind a writer."""
        with self._translating(), self.engine.connect() as connection:
            yield connection.execution_options(**READS, **self._sight)

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
        give_up = time.monotonic() + _PATIENCE * self._waits.lock_wait_seconds
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
        give_up = time.monotonic() + self._waits.lock_wait_seconds
        for attempt in itertools.count(1):
            try:
                with self.engine.connect() as connection, connection.begin():
                    return commit_tokens.was_stored(connection, token)
            except (DBAPIError, PoolTimeout) as problem:
                if time.monotonic() >= give_up:
                    raise commit_tokens.MayBeStored(self.name, token) from problem
            self._pause(attempt)
        raise AssertionError("unreachable")

    def waiting(self, waits: Waits) -> Database:
        """The same database through connections of its own, with other limits; close it."""
        url = self.url.render_as_string(hide_password=False)
        other = Database(url, codec=self.codec, waits=waits, is_cluster=self._is_cluster)
        other.requester = self.requester
        other.on_changed = self.on_changed
        return other

    def at_node(self, node: str) -> Database:
        """The same database through this node, `host:port` or a socket; closed with this."""
        there = Database(at_node(self.url, node), codec=self.codec, waits=self._waits)
        self._nodes.append(there)
        return there

    def close(self) -> None:
        """Give back every connection."""
        for node in self._nodes:
            node.close()
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
                answer = self._noted(work, connection)
                if not self.is_sqlite:
                    commit_tokens.commit(connection, transaction, answer)
            return answer

    def _noted(self, work: Callable[[Connection], T], connection: Connection) -> T:
        """Do the work; what it changed is handed on where somebody wants to know."""
        if self.on_changed is None:
            return work(connection)
        with noted_tickets.noting(connection) as noted:
            answer = work(connection)
            if noted:
                self.on_changed(connection, noted)
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
            return open_file(dialect, self.url, given, named)
        return open_server(dialect, self.url, self.name, given, named)

    def _new_engine(self) -> Engine:
        if not self.is_sqlite:
            return server_engine(self.url, self._waits)
        waits = self._waits.lock_wait_seconds
        # what a plain value leaves behind is overwritten where values are encrypted (rules 13)
        return sqlite_engine(
            self.url, lock_wait_seconds=waits, overwrites=self.codec.is_configured
        )


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
