"""A private server that writes a binary log, with savctl's schema on it.

MariaDB, and MySQL with MySQL's own clients where SAVCTL_TEST_DATABASES names it.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from savctl.adapters.backups.folder import BackupFolder
from savctl.adapters.binary_logs.source import ServerLogs
from savctl.domain.backup.log_positions import LogPosition
from savctl.persistence.backups.address import address_parts
from savctl.persistence.backups.server_logs import grant_of
from savctl.persistence.engine import Database
from savctl.persistence.schema import versions
from savctl.ports.dump_client import ServerAddress
from savctl.usecases.backup.logs.copying import LogCopying
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from tests.conftest import Cli, _empty
from tests.given import rows
from tests.servers import find
from tests.servers.databases.mysql_family import PrivateServer
from tests.servers.missing import missing
from tests.servers.private import memory_folder

NAME = "sav_live"
FLAGS = ("--log-bin=binlog", "--server-id=7", "--binlog-format=ROW", "--sync-binlog=0")
Copy = Callable[[], BatchReport]


_SERVERS = sorted(set(find.Family) & find.wanted()) or [find.Family.MARIADB]


@pytest.fixture(scope="session", params=_SERVERS)
def log_server(request: pytest.FixtureRequest) -> Iterator[PrivateServer]:
    """The server; a test may end it, the next one starts it again."""
    family = find.Family(request.param)
    if family not in find.wanted():
        pytest.skip("this run does without a server")
    programs = find.programs(family) or missing(family)
    if family is find.Family.MARIADB and shutil.which("mariadb-binlog") is None:
        missing("mariadb")
    with PrivateServer(programs, options=FLAGS) as server:
        url = server.create_database(NAME)
        database = Database(url)
        versions.upgrade(database, owner="tests")
        database.close()
        yield server


@pytest.fixture
def clients(
    log_server: PrivateServer, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> str:
    """A PATH on which the server's own clients are found first."""
    found = os.environ["PATH"]
    if is_mysql(log_server):
        found = f"{request.getfixturevalue('mysql_clients')}{os.pathsep}{found}"
        monkeypatch.setenv("PATH", found)
    return found


def is_mysql(server: PrivateServer) -> bool:
    return server.programs.family is find.Family.MYSQL


@pytest.fixture
def live(log_server: PrivateServer, clients: str) -> Iterator[Database]:
    """An empty database; the server's logs start with the test."""
    if not log_server.is_running:
        log_server.start()
    log_server.drop_database(f"{NAME}_restored")
    found = Database(log_server.url(NAME))
    _empty(found, log_server.programs.family)
    sql(found, "DROP TABLE IF EXISTS blobs")
    sql(found, "CREATE TABLE blobs (id INT AUTO_INCREMENT PRIMARY KEY, content LONGBLOB)")
    start_again(found)
    (made,) = rows(found, "SHOW CREATE TABLE ticket_messages")
    yield found
    if not log_server.is_running:
        log_server.start()
    if not rows(found, "SHOW TABLES LIKE 'ticket_messages'"):  # dropped on purpose
        sql(found, made["Create Table"])
    found.close()


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where the backups go."""
    with TemporaryDirectory(prefix="savctl-logs-", dir=memory_folder()) as name:
        yield Path(name)


def address_of(database: Database) -> ServerAddress:
    """How clients reach it."""
    return ServerAddress(**address_parts(database))


def copying(database: Database, folder: Path, *, days: int = 14) -> LogCopying:
    """What copies this database's logs into a folder."""
    source = ServerLogs(lambda: address_of(database), grant=lambda: grant_of(database))
    return LogCopying(
        database=database,
        source=source,
        place=BackupFolder(folder),
        keys=None,
        keep=timedelta(days=days),
    )


@pytest.fixture
def copy(live: Database, folder: Path) -> Copy:
    """Run the copying, and answer its report."""

    def run() -> BatchReport:
        terms = BatchContext(report=BatchReport())
        copying(live, folder).run(terms)
        return terms.report

    return run


def sql(database: Database, *statements: str) -> None:
    """Statements that another program sends."""
    with database.connection() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement.replace("%", "%%"), {})
        connection.commit()


def start_again(database: Database) -> None:
    """Have the server begin its logs anew, with the first one."""
    sql(database, "RESET MASTER" if is_mariadb(database) else "RESET BINARY LOGS AND GTIDS")


def here(database: Database) -> LogPosition:
    """Where the server writes now."""
    words = "SHOW MASTER STATUS" if is_mariadb(database) else "SHOW BINARY LOG STATUS"
    (row,) = rows(database, words)
    return LogPosition(row["File"], row["Position"])


def is_mariadb(database: Database) -> bool:
    (row,) = rows(database, "SELECT VERSION() AS version")
    return "MariaDB" in row["version"]


def purge(database: Database, log: str) -> None:
    """Have the server remove the logs before this one, as soon as nothing needs them."""
    give_up = time.monotonic() + 10
    while time.monotonic() < give_up:
        sql(database, f"PURGE BINARY LOGS TO '{log}'")
        if rows(database, "SHOW BINARY LOGS")[0]["Log_name"] == log:
            return
    raise TimeoutError(log)


@pytest.fixture
def live_cli(
    cli: Cli, live: Database, clients: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Cli:
    """The command line on the server that writes a binary log."""
    monkeypatch.setenv("PATH", clients)  # the command line's fixture has set another one
    url = live.url.update_query_dict({"ssl_disabled": "true"})
    monkeypatch.setenv("SAVCTL_DATABASE_URL", url.render_as_string(hide_password=False))
    monkeypatch.setenv("SAVCTL_BACKUP_URL", f"file://{folder}")
    return cli
