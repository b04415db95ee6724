"""One node of a private Galera cluster, reached through its socket."""

import os
import re
import shutil
import socket
import subprocess
from contextlib import closing, suppress
from pathlib import Path

import pymysql
from pymysql.cursors import Cursor

from tests.servers.databases import flags
from tests.servers.databases.template import new_data_folder, prepare
from tests.servers.find import Programs
from tests.servers.galera.lan import PrivateLan
from tests.servers.private import PrivateProgram, ServerFailed
from tests.servers.process import GuardedProcess

FIRST = "gcomm://"
NOT_COPIED = ("galera.cache", "gvwstate.dat", "*.pid")
PROVIDER = ";".join(
    (
        "gcache.size=128M",
        "evs.keepalive_period=PT0.5S",
        "evs.inactive_check_period=PT0.5S",
        "evs.suspect_timeout=PT3S",
        "evs.inactive_timeout=PT6S",
        "evs.install_timeout=PT6S",
        "pc.recovery=true",
    )
)


class GaleraNode(PrivateProgram):
    """A node on its own host; the first one makes the cluster, the others join it.

    A node that was away is brought up to date by what the others have kept: a full transfer of
    the data is not possible here.
    """

    def __init__(
        self, programs: Programs, library: Path, lan: PrivateLan, number: int, seed: Path | None
    ) -> None:
        super().__init__(f"galera {programs.version}")
        self.number = number
        self.makes_cluster = False
        self._programs = programs
        self._library = library
        self._lan = lan
        self._seed = seed

    @property
    def socket(self) -> Path:
        """Where it listens on this machine, whatever network there is."""
        return self.folder / "sock"

    def url(self, database: str) -> str:
        """The SQLAlchemy address of a database, through this node."""
        query = f"charset=utf8mb4&unix_socket={self.socket}"
        return f"mysql+pymysql://root@localhost/{database}?{query}"

    def connect(self) -> "pymysql.Connection[Cursor]":
        """A plain connection, to be closed by the caller."""
        return pymysql.connect(
            unix_socket=str(self.socket),
            user="root",
            autocommit=True,
            connect_timeout=5,
            read_timeout=30,
        )

    def ask(self, statement: str) -> list[tuple[object, ...]]:
        """The rows that a statement answers."""
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())

    def status(self, name: str) -> str:
        """A status variable."""
        return str(self.ask(f"SHOW GLOBAL STATUS LIKE '{name}'")[0][1])

    @property
    def is_synced(self) -> bool:
        """Whether it takes part in the cluster."""
        with suppress(pymysql.MySQLError, OSError, IndexError):
            with socket.socket(socket.AF_UNIX) as visitor:  # PyMySQL would forget to close it
                visitor.connect(str(self.socket))
            is_primary = self.status("wsrep_cluster_status") == "Primary"
            return is_primary and self.status("wsrep_local_state_comment") == "Synced"
        return False

    def copy_data(self, there: Path) -> None:
        """Copy the data of this node, which has been ended politely."""
        shutil.copytree(self.folder / "data", there, ignore=shutil.ignore_patterns(*NOT_COPIED))

    def _place(self) -> Path | None:
        return super()._place()

    def _furnish(self) -> None:
        if self._seed is None:
            prepare(self._programs)
            new_data_folder(self._programs, self.folder / "data")
        else:
            shutil.copytree(self._seed, self.folder / "data")

    def _choose_ports(self) -> int:
        return 3306  # of its own host

    def _launch(self) -> GuardedProcess:
        hosts = range(1, len(self._lan.namespaces) + 1)
        peers = FIRST + ",".join(self._lan.address(each) for each in hosts)
        command = [*self._command(), f"--wsrep-cluster-address={peers}"]
        if self.makes_cluster:
            command[-1] = f"--wsrep-cluster-address={FIRST}"
        else:
            command.append(self._recovered(command))
        return GuardedProcess(
            self._lan.inside(self.number, *command),
            folder=self.folder,
            log=self.folder / "log",
            environment={
                **os.environ,
                "PATH": f"{Path(__file__).parent}:{os.environ.get('PATH', '')}:/usr/sbin:/sbin",
                "SAVCTL_SST": str(self._lan.folder),
            },
        )

    def _answers(self) -> bool:
        return self.is_synced

    def _recovered(self, command: list[str]) -> str:
        """The position of a node that may have crashed."""
        found = subprocess.run(
            self._lan.inside(self.number, *command, "--wsrep-recover"),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        position = re.search(r"Recovered position: (\S+)", found.stderr + found.stdout)
        if position is None:
            raise ServerFailed(f"no position of node {self.number}:\n{found.stderr[-2000:]}")
        return f"--wsrep-start-position={position[1]}"

    def _command(self) -> list[str]:
        address = self._lan.address(self.number)
        return [
            *flags.serve(self._programs, self.folder, port=3306, durable=False),
            f"--bind-address={address}",
            "--innodb-autoinc-lock-mode=2",
            "--binlog-format=ROW",
            "--innodb-buffer-pool-size=64M",
            "--wsrep-on=ON",
            f"--wsrep-provider={self._library}",
            "--wsrep-cluster-name=savctl",
            f"--wsrep-node-name=n{self.number}",
            f"--wsrep-node-address={address}",
            "--wsrep-slave-threads=4",
            # one numbering of commits for all nodes
            *("--wsrep-gtid-mode=ON", "--wsrep-gtid-domain-id=7", "--server-id=7"),
            *("--log-bin=bin", "--log-slave-updates"),
            "--wsrep-sst-method=savctl",
            f"--wsrep-provider-options={PROVIDER}",
        ]
