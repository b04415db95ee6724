"""Long schema changes: how far they are, and how to stop them.

An index over millions of messages takes minutes, in one statement. Meanwhile a second connection
asks the server about it. Ctrl-C and SIGTERM end the statement on the server too, which would
otherwise work on for nobody; what is done stays, and the next upgrade continues there.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from savctl.errors import SavError
from savctl.persistence.engine import Database
from savctl.persistence.schema import revision_record
from savctl.persistence.schema.lock import Notify

FIRST_SECONDS, SECONDS = 5.0, 15.0
_SHOWN = 60  # characters of a statement
_MARIADB = """SELECT INFO, STAGE, MAX_STAGE, PROGRESS FROM information_schema.PROCESSLIST
    WHERE ID = :id AND INFO IS NOT NULL"""
_MYSQL = "SELECT INFO FROM information_schema.PROCESSLIST WHERE ID = :id AND INFO IS NOT NULL"
# Not there where performance_schema is off, and an error where it is not granted.
_MYSQL_STAGE = """SELECT s.WORK_COMPLETED, s.WORK_ESTIMATED
    FROM performance_schema.threads p
    JOIN performance_schema.events_stages_current s USING (THREAD_ID)
    WHERE p.PROCESSLIST_ID = :id"""


@contextmanager
def watched(database: Database, connection: Connection, notify: Notify) -> Iterator[None]:
    """Report on a connection's statements while the block runs; end them when it is left early."""
    if database.is_sqlite:
        yield
        return
    number = int(connection.execute(text("SELECT CONNECTION_ID()")).scalar_one())
    connection.rollback()
    watch = _Watch(database, number, notify)
    watch.start()
    try:
        with _sigterm_interrupts():
            yield
    except KeyboardInterrupt:
        _end_statement(database, number)
        with suppress(SavError), database.reading() as other:
            at = revision_record.read(other).current or "none"
            notify(f"stopped at schema {at}: 'savctl db upgrade' continues there")
        raise
    finally:
        watch.end()


class _Watch(threading.Thread):
    def __init__(self, database: Database, number: int, notify: Notify) -> None:
        super().__init__(name="migration-watch", daemon=True)
        self._database, self._number, self._notify = database, number, notify
        self._ended = threading.Event()

    def run(self) -> None:
        """Report at times, until the end; a server that does not answer is not asked again."""
        begun, pause = time.monotonic(), FIRST_SECONDS
        with suppress(SavError):
            while not self._ended.wait(pause):
                pause = SECONDS
                with self._database.reading() as connection:
                    line = progress(connection, self._number)
                if line is not None:
                    self._notify(f"{line}, {time.monotonic() - begun:.0f} s so far")

    def end(self) -> None:
        """Stop reporting."""
        self._ended.set()
        self.join(timeout=2)


def progress(connection: Connection, number: int) -> str | None:
    """What a connection is at, and how much of it is done where the server knows."""
    is_mariadb = getattr(connection.dialect, "is_mariadb", False)
    row = connection.execute(text(_MARIADB if is_mariadb else _MYSQL), {"id": number}).first()
    if row is None:
        return None
    done = _mariadb_percent(*row[1:]) if is_mariadb else _mysql_done(connection, number)
    statement = " ".join(str(row[0]).split())[:_SHOWN]
    return f"schema: {statement}" + ("" if done is None else f", {done:.0f} %")


def _mysql_done(connection: Connection, number: int) -> float | None:
    with suppress(DBAPIError):
        stage = connection.execute(text(_MYSQL_STAGE), {"id": number}).first()
        return None if stage is None else _mysql_percent(*stage)
    return None


def _mariadb_percent(stage: int, stages: int, percent: Any) -> float | None:
    """Of all stages; the server counts each from 0 to 100."""
    if not stages:
        return None
    return (max(int(stage), 1) - 1 + float(percent) / 100) * 100 / int(stages)


def _mysql_percent(completed: int | None, estimated: int | None) -> float | None:
    return 100 * completed / estimated if completed and estimated else None


def _end_statement(database: Database, number: int) -> None:
    with suppress(SavError), database.reading() as connection:
        connection.exec_driver_sql(f"KILL {number}")


@contextmanager
def _sigterm_interrupts() -> Iterator[None]:
    """SIGTERM is what a Job of a cluster gets: it must reach the server as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
