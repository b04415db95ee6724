"""A private MariaDB or MySQL: own folder, own port, nothing shared with an installed instance."""

import atexit
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import pymysql
from pymysql.cursors import Cursor

from tests.servers import flags
from tests.servers.find import Programs
from tests.servers.ports import LOOPBACK, free_port
from tests.servers.process import GuardedProcess
from tests.servers.template import new_data_folder, prepare

READY_WITHIN = 90.0  # seconds; a start takes half of one, recovery on a busy machine longer
PORTS_TRIED = 3
PORT_TAKEN = ("Address already in use", "Bind on TCP/IP port")


class ServerFailed(RuntimeError):
    """The server did not start; the message holds the end of its log."""


class PrivateServer:
    """One server of the MySQL family; `with PrivateServer(programs) as server:` runs it.

    Data, port and URL stay the same over crash(), start() and restart(). The server ends with
    stop(), at the end of the interpreter, and, through its guard, when the test run is killed.

    Args:
        programs: what `find.mariadb()` or `find.mysql()` answered.
        durable: keep every commit over crash(); without it up to a second of them is lost, and
            writing is much faster.
        options: more flags for the server; they win over the usual ones.
    """

    def __init__(
        self, programs: Programs, *, durable: bool = False, options: Sequence[str] = ()
    ) -> None:
        self.programs = programs
        self._durable = durable
        self._options = tuple(options)
        self._folder: Path | None = None
        self._port: int | None = None
        self._process: GuardedProcess | None = None
        self._owner = os.getpid()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def is_running(self) -> bool:
        """Whether the server process lives."""
        return self._process is not None and self._process.is_running

    @property
    def pid(self) -> int:
        """The process id of the server itself; it changes with every start."""
        if self._process is None:
            raise RuntimeError("the server is not running: it has no process id")
        return self._process.pid

    @property
    def port(self) -> int:
        """The loopback port, chosen at the first start and kept until stop()."""
        if self._port is None:
            raise RuntimeError("the server was not started: it has no port")
        return self._port

    @property
    def folder(self) -> Path:
        """Everything the server writes; `log` in it is what it said. Gone after stop()."""
        if self._folder is None:
            raise RuntimeError("the server was not started: it has no folder")
        return self._folder

    def url(self, database: str = "") -> str:
        """The SQLAlchemy address of a database on this server."""
        return f"mysql+pymysql://root@{LOOPBACK}:{self.port}/{database}?charset=utf8mb4"

    def connect(self, database: str | None = None) -> "pymysql.Connection[Cursor]":
        """A plain connection, to be closed by the caller."""
        return pymysql.connect(
            host=LOOPBACK,
            port=self.port,
            user="root",
            database=database,
            charset="utf8mb4",
            connect_timeout=5,
            read_timeout=60,
        )

    def create_database(self, name: str) -> str:
        """Create an empty database, collated as the specification says; answer its URL."""
        self._execute(
            f"CREATE DATABASE {_quoted(name)} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"
        )
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database if it is there."""
        self._execute(f"DROP DATABASE IF EXISTS {_quoted(name)}")

    def start(self) -> Self:
        """Start the server and wait until it answers; after a crash() on the data left behind.

        Raises:
            ServerFailed: it ended, or did not answer in time.
            RuntimeError: it is running already.
        """
        if self.is_running:
            raise RuntimeError("the server is running already")
        if self._folder is None:
            self._start_anew()
        else:
            self._run(self.port)
        return self

    def stop(self) -> None:
        """End the server, politely first, and remove its folder. Calling it again does no harm."""
        self._halt()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._folder = self._port = None
        atexit.unregister(self._stop_at_exit)

    def crash(self) -> None:
        """Kill the server with SIGKILL and wait until it is gone; its data stays."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def restart(self) -> None:
        """End the server politely if it runs, and start it on the same data and port."""
        self._halt()
        self.start()

    def _start_anew(self) -> None:
        prepare(self.programs)  # takes seconds the first time; until then there is no folder
        self._folder = Path(tempfile.mkdtemp(prefix=f"savctl-{self.programs.family}-"))
        atexit.register(self._stop_at_exit)
        try:
            new_data_folder(self.programs, self._folder / "data")
            self._run_on_a_free_port()
        except BaseException:
            self.stop()
            raise

    def _run_on_a_free_port(self) -> None:
        """Between finding a port free and taking it, somebody else may come first."""
        for tried in range(1, PORTS_TRIED + 1):
            try:
                self._run(free_port())
            except ServerFailed as failure:
                if tried == PORTS_TRIED or not any(sign in str(failure) for sign in PORT_TAKEN):
                    raise
            else:
                return

    def _run(self, port: int) -> None:
        self._port = port
        command = flags.serve(self.programs, self.folder, port=port, durable=self._durable)
        self._process = GuardedProcess(
            [*command, *self._options], folder=self.folder, log=self.folder / "log"
        )
        try:
            self._wait_until_ready()
        except BaseException:
            self._halt()
            raise

    def _wait_until_ready(self) -> None:
        give_up = time.monotonic() + READY_WITHIN
        while not self._answers():
            if not self.is_running:
                raise ServerFailed(f"{self._name()} ended while starting:\n{self._log_end()}")
            if time.monotonic() > give_up:
                raise ServerFailed(f"{self._name()} does not answer:\n{self._log_end()}")
            time.sleep(0.02)

    def _answers(self) -> bool:
        """Whether this very server answers, not another one that came to the port first."""
        with suppress(pymysql.MySQLError, OSError), closing(self.connect()) as connection:
            with connection.cursor() as cursor:
                cursor.execute("SELECT @@datadir")
                row = cursor.fetchone()
            return row is not None and Path(row[0]).samefile(self.folder / "data")
        return False

    def _halt(self) -> None:
        if self._process is not None:
            self._process.end()
            self._process = None

    def _stop_at_exit(self) -> None:
        if os.getpid() == self._owner:  # a forked child that exits is not the owner's end
            self.stop()

    def _execute(self, statement: str) -> None:
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(statement)

    def _name(self) -> str:
        return f"{self.programs.family} {self.programs.version} on port {self._port}"

    def _log_end(self) -> str:
        with suppress(OSError):
            return (self.folder / "log").read_text(errors="replace")[-3000:]
        return "(no log)"


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
