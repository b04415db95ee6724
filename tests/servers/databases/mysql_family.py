"""A private MariaDB or MySQL."""

from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

import pymysql
from pymysql.cursors import Cursor

from tests.servers.databases import flags
from tests.servers.databases.template import new_data_folder, prepare
from tests.servers.find import Programs
from tests.servers.ports import LOOPBACK, free_port
from tests.servers.private import PrivateProgram
from tests.servers.process import GuardedProcess


class PrivateServer(PrivateProgram):
    """One server of the MySQL family; `with PrivateServer(programs) as server:` runs it.

    Args:
        programs: what `find.mariadb()` or `find.mysql()` answered.
        durable: keep every commit over crash(); without it up to a second of them is lost, and
            writing is much faster.
        options: more flags for the server; they win over the usual ones.
    """

    PORT_TAKEN = (*PrivateProgram.PORT_TAKEN, "Bind on TCP/IP port")

    def __init__(
        self, programs: Programs, *, durable: bool = False, options: Sequence[str] = ()
    ) -> None:
        super().__init__(f"{programs.family} {programs.version}")
        self.programs = programs
        self._durable = durable
        self._options = tuple(options)

    def _place(self) -> Path | None:
        """On the disk when commits have to last."""
        return None if self._durable else super()._place()

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

    def _start_anew(self) -> None:
        prepare(self.programs)  # takes seconds the first time; until then there is no folder
        super()._start_anew()

    def _furnish(self) -> None:
        new_data_folder(self.programs, self.folder / "data")

    def _choose_ports(self) -> int:
        return free_port()

    def _launch(self) -> GuardedProcess:
        command = flags.serve(self.programs, self.folder, port=self.port, durable=self._durable)
        return GuardedProcess(
            [*command, *self._options], folder=self.folder, log=self.folder / "log"
        )

    def _answers(self) -> bool:
        with suppress(pymysql.MySQLError, OSError), closing(self.connect()) as connection:
            with connection.cursor() as cursor:
                cursor.execute("SELECT @@datadir")
                row = cursor.fetchone()
            return row is not None and Path(row[0]).samefile(self.folder / "data")
        return False

    def _execute(self, statement: str) -> None:
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(statement)


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
