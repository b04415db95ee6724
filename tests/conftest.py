"""Databases, broker, clock and command line for the tests.

Each test that asks for `database` runs on SQLite and on a private MariaDB, and on MySQL when
SAVCTL_TEST_DATABASES names it. `broker` is a virtual host of its own on a private RabbitMQ.
`store` is an empty bucket: a folder, and one on each S3 server that SAVCTL_TEST_STORES names.
Servers start on first use and end with the run.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from sqlalchemy import text

from savctl.persistence.engine import Database
from savctl.persistence.schema import versions
from savctl.persistence.schema.tables import OWN_PREFIX, VERSION_TABLE, metadata
from savctl.ports import ObjectStore, SetClock
from tests.depth import deep
from tests.servers import find
from tests.servers.brokers.rabbitmq import PrivateBroker, VirtualHost
from tests.servers.clamd import PrivateClamd
from tests.servers.databases.mysql_clients import mysql_client_folder
from tests.servers.databases.mysql_family import PrivateServer
from tests.servers.missing import missing
from tests.servers.private import memory_folder
from tests.servers.stores.buckets import Bucket, folder_bucket, server_bucket
from tests.servers.stores.ministack import PrivateMinistack
from tests.servers.stores.s3_server import PrivateS3
from tests.servers.stores.seaweedfs import PrivateSeaweed

NOW = datetime(2025, 10, 3, 10, 30, tzinfo=UTC)
pytest_plugins = ["tests.log_forms", "tests.processor_time", "tests.selection", "tests.room_times"]
if (in_memory := memory_folder()) is not None:  # a third of the time of a run on SQLite
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(in_memory))

hypothesis_settings.register_profile(
    "savctl",
    deadline=None,
    max_examples=deep(100, usual=25),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
hypothesis_settings.load_profile("savctl")


class Servers:
    """The private servers of this run, started on first use."""

    def __init__(self) -> None:
        self._running: dict[str, PrivateServer] = {}
        self.migrated: dict[str, str] = {}

    def of(self, kind: str) -> PrivateServer:
        """The running server of a kind; skips the test, or fails it, where there is none."""
        if kind not in self._running:
            programs = find.programs(find.Family(kind))
            if programs is None:
                missing(kind)
            self._running[kind] = PrivateServer(programs).start()
        return self._running[kind]

    def stop(self) -> None:
        """End them all."""
        for server in self._running.values():
            server.stop()


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    running = Servers()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def _migrated_url(kind: str, servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database built by the migrations, once for each kind and run.

    Where tests run on several kinds of stores as well, pytest comes back to a kind.
    """
    if kind in servers.migrated:
        return servers.migrated[kind]
    if kind == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('template')}/savctl.db"
    else:
        url = servers.of(kind).create_database("savctl_test")
    database = Database(url)
    versions.upgrade(database, owner="tests")
    if kind == "sqlite":
        with database.engine.connect() as connection:
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    servers.migrated[kind] = url
    return url


@pytest.fixture
def database_url(kind: str, _migrated_url: str, tmp_path: Path) -> str:
    """The address of an empty database with the present schema."""
    if kind != "sqlite":
        return _migrated_url
    copy = tmp_path / "savctl.db"
    shutil.copy(_migrated_url.removeprefix("sqlite:///"), copy)
    return f"sqlite:///{copy}"


@pytest.fixture
def database(kind: str, database_url: str) -> Iterator[Database]:
    """An empty database with the present schema."""
    found = Database(database_url)
    if kind != "sqlite":
        _empty(found, kind)
    yield found
    found.close()


@pytest.fixture
def empty_database(kind: str, servers: Servers, tmp_path: Path) -> Iterator[Database]:
    """A database without any table."""
    if kind == "sqlite":
        url = f"sqlite:///{tmp_path}/empty.db"
    else:
        servers.of(kind).drop_database("savctl_empty")
        url = servers.of(kind).create_database("savctl_empty")
    found = Database(url)
    yield found
    found.close()


@pytest.fixture(scope="session")
def broker_programs() -> find.BrokerPrograms:
    if not find.broker_wanted():
        pytest.skip("SAVCTL_TEST_BROKER=0: this run does without RabbitMQ")
    return find.rabbitmq() or missing("rabbitmq")


@pytest.fixture(scope="session")
def broker_server(broker_programs: find.BrokerPrograms) -> Iterator[PrivateBroker]:
    with PrivateBroker(broker_programs, tls=True) as server:
        yield server


@pytest.fixture
def broker(broker_server: PrivateBroker) -> Iterator[VirtualHost]:
    """An empty virtual host; a test may break the server behind it, the next one heals it."""
    broker_server.heal()
    vhost = VirtualHost(broker_server, f"test-{uuid4().hex}")
    broker_server.create_vhost(vhost.name)
    yield vhost
    broker_server.heal()
    broker_server.delete_vhost(vhost.name)


@pytest.fixture(scope="session")
def _clamd_server() -> Iterator[PrivateClamd]:
    with PrivateClamd(find.clamd() or missing("clamav")) as server:
        yield server


@pytest.fixture
def clamd(_clamd_server: PrivateClamd) -> Iterator[PrivateClamd]:
    """A real clamd; a test may break it, the next one finds it whole."""
    _clamd_server.heal()
    yield _clamd_server
    _clamd_server.heal()


class S3Servers:
    """The private S3 servers of this run, started on first use."""

    def __init__(self) -> None:
        self._running: dict[str, PrivateS3] = {}

    def of(self, kind: str) -> PrivateS3:
        """The running server of a kind; skips the test, or fails it, where there is none."""
        if kind not in self._running:
            self._running[kind] = self._new(kind)
            self._running[kind].start()
        elif not self._running[kind].is_running:  # a test ended it
            self._running[kind].start()
        self._running[kind].thaw()
        return self._running[kind]

    def stop(self) -> None:
        """End them all."""
        for server in self._running.values():
            server.stop()

    def _new(self, kind: str) -> PrivateS3:
        if kind == "seaweedfs":
            return PrivateSeaweed(find.seaweedfs() or missing(kind))
        return PrivateMinistack(find.ministack() or missing(kind))


@pytest.fixture(scope="session")
def s3_servers() -> Iterator[S3Servers]:
    running = S3Servers()
    yield running
    running.stop()


@pytest.fixture
def bucket(store_kind: str, s3_servers: S3Servers) -> Iterator[Bucket]:
    """An empty bucket and the environment that names it; on each kind of store."""
    with TemporaryDirectory(prefix="savctl-bucket-", dir=memory_folder()) as folder:
        if store_kind == "directory":
            found = folder_bucket(Path(folder) / "bucket")
        else:
            found = server_bucket(s3_servers.of(store_kind))
        yield found
        found.store.close()


@pytest.fixture
def store(bucket: Bucket) -> ObjectStore:
    """An empty, versioned bucket, on each kind of store, or on those of `only_stores`."""
    return bucket.store


_EMPTIED = sorted(set(metadata.tables) - {VERSION_TABLE, f"{OWN_PREFIX}meta"})
_HAS_ROWS = " UNION ALL ".join(
    f"SELECT '{name}' FROM DUAL WHERE EXISTS (SELECT 1 FROM {name})" for name in _EMPTIED
)
_NEXT_IDS = (
    "SELECT TABLE_NAME, AUTO_INCREMENT, TABLE_ROWS FROM information_schema.TABLES"
    f" WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN ({', '.join(map(repr, _EMPTIED))})"
)
_KEYS = "SET FOREIGN_KEY_CHECKS = {}"
_FEW = 500  # rows or ids


def _empty(database: Database, kind: str) -> None:
    """Empty the tables that have rows, and let ids begin with 1 again.

    To truncate a table with a full-text index costs twice as much as to delete a few rows, and
    waits a whole second where the server is just purging what an earlier test changed.
    """
    with database.engine.connect() as connection:
        if kind == "mysql":  # else it answers with counters of a day ago
            connection.exec_driver_sql("SET SESSION information_schema_stats_expiry = 0")
        with_rows = set(connection.execute(text(_HAS_ROWS)).scalars())
        statements = []
        for name, next_id, count in connection.execute(text(_NEXT_IDS)).all():
            if (next_id or 1) > _FEW or (name in with_rows and (count or 0) > _FEW):
                statements.append(f"TRUNCATE TABLE {name}")
                continue
            if name in with_rows:
                statements.append(f"DELETE FROM {name}")
            if (next_id or 1) > 1:  # in the transaction of the deletion: no purge comes between
                statements.append(f"ALTER TABLE {name} AUTO_INCREMENT = 1")
        if statements:
            for statement in (_KEYS.format(0), *statements, _KEYS.format(1)):
                connection.exec_driver_sql(statement)
        # whose the tables are is written with the schema, all else by those who work with it
        connection.execute(text(f"DELETE FROM {OWN_PREFIX}meta WHERE name <> 'service_tables'"))
        connection.commit()


@pytest.fixture
def clock() -> SetClock:
    """A clock that stands at the specification's first example."""
    return SetClock(NOW)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command line did, as its caller sees it."""

    code: int
    out: str
    err: str


Cli = Callable[..., Outcome]


@pytest.fixture(scope="session")
def mysql_clients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with MySQL's own client programs."""
    return mysql_client_folder(tmp_path_factory.mktemp("mysql-clients"))


@pytest.fixture
def environment(tmp_path: Path, request: pytest.FixtureRequest) -> dict[str, str]:
    """An environment in which nothing of this machine is configured.

    Where the test's database is a MySQL, MySQL's clients are found before MariaDB's, which may
    bear their names.
    """
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    if "kind" in request.fixturenames and request.getfixturevalue("kind") == "mysql":
        clients = request.getfixturevalue("mysql_clients")
        kept["PATH"] = f"{clients}{os.pathsep}{kept['PATH']}"
    return {**kept, "HOME": str(tmp_path / "home"), "PYTHONUTF8": "1"}


@pytest.fixture
def cli(
    database: Database,
    database_url: str,
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Cli:
    """Run `savctl WORDS…` in this process, on the test's database."""
    from savctl.cli.framework.run import run

    for name in list(os.environ):
        if name not in environment and not name.startswith("PYTEST"):
            monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    # each connection would read all of the machine's certificates: 30 ms, thousands of times
    quick = "" if database.is_sqlite else "?ssl_disabled=true"
    monkeypatch.setenv("SAVCTL_DATABASE_URL", f"{database_url}{quick}")
    monkeypatch.setenv("SAVCTL_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)

    def call(*words: object, stdin: str | bytes | None = None) -> Outcome:
        with monkeypatch.context() as patched:
            if stdin is not None:
                import io

                given = stdin if isinstance(stdin, bytes) else stdin.encode()
                patched.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given)))
            capsys.readouterr()
            code = 0
            with suppress(SystemExit):
                code = run([str(word) for word in words])
            shown = capsys.readouterr()
        return Outcome(code, shown.out, shown.err)

    return call
