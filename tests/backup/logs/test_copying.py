"""Binary logs come whole into the place of backups, and a gap is found (rules 17.2)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import zstandard

from savctl.adapters.backups.folder import BackupFolder
from savctl.domain.backup.binary_logs import CopiedLog
from savctl.domain.backup.log_positions import LogPosition
from savctl.domain.backup.replay_span import following
from savctl.persistence.backups.server_logs import NoBinaryLog, NotPermittedToRead
from savctl.persistence.engine import Database
from savctl.ports.binary_logs import LogUnavailable, NotReplicating
from savctl.usecases.backup.logs.index import read_index
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from tests.backup.logs.conftest import NAME, Copy, copying, purge, sql, start_again
from tests.given import rows
from tests.servers.databases.mysql_family import PrivateServer

WRITE = "INSERT INTO cache (`key`, value, expiration) VALUES (UUID(), 'x', 1)"


def index(folder: Path) -> list[CopiedLog]:
    return list(read_index(BackupFolder(folder)))


def _terms() -> BatchContext:
    return BatchContext(report=BatchReport())


def content(folder: Path, log: CopiedLog) -> bytes:
    with (folder / log.part).open("rb") as stream:
        return zstandard.ZstdDecompressor().stream_reader(stream).read()


def same_but_for_the_mark_of_use(one: bytes, other: bytes) -> bool:
    """The server marks a log that it writes in the flags of the first event."""
    return len(one) == len(other) and one[:21] + one[22:] == other[:21] + other[22:]


def test_the_copies_are_the_servers_logs_byte_for_byte(
    live: Database, log_server: PrivateServer, folder: Path, copy: Copy
) -> None:
    sql(live, WRITE, "FLUSH BINARY LOGS", WRITE, WRITE)

    report = copy()

    logs = index(folder)
    assert [(log.name, log.is_whole, log.gap) for log in logs] == [
        ("binlog.000001", True, None),
        ("binlog.000002", False, None),
    ]
    assert (report.seen, report.changed, report.findings) == (2, 2, 0)
    for log in logs:
        raw = (log_server.folder / "data" / log.name).read_bytes()[: log.end]
        assert same_but_for_the_mark_of_use(content(folder, log), raw)
        assert (folder / log.part).stat().st_size == log.stored_bytes
    assert not list(folder.rglob("*.part"))


def test_a_log_that_grew_is_replaced_and_one_that_did_not_is_left(
    live: Database, folder: Path, copy: Copy
) -> None:
    sql(live, WRITE, "FLUSH BINARY LOGS", WRITE)
    copy()
    first = index(folder)
    sql(live, WRITE, "FLUSH BINARY LOGS", WRITE)

    copy()

    logs = index(folder)
    assert [log.name for log in logs] == [f"binlog.00000{n}" for n in (1, 2, 3)]
    assert logs[0] == first[0]
    assert logs[1].end > first[1].end
    assert {path.name for path in (folder / "binlogs").iterdir()} == {
        "index.json",
        *(Path(log.part).name for log in logs),
    }
    chain = following(logs, LogPosition("binlog.000001", 4))
    assert [log.name for log in chain] == [log.name for log in logs]


def test_a_log_that_the_server_removed_uncopied_is_a_gap(
    live: Database, folder: Path, copy: Copy
) -> None:
    copy()
    sql(live, "FLUSH BINARY LOGS", WRITE, "FLUSH BINARY LOGS", WRITE)
    purge(live, "binlog.000003")

    report = copy()

    assert report.findings == 1
    (item,) = report.items
    assert item.reason == "gap: the server removed binlog.000001 before it was copied"
    assert copy().findings == 0
    (row,) = rows(live, "SELECT details FROM savctl_backups WHERE kind = 'binlog'")
    assert json.loads(row["details"])["gap"].startswith("the server removed binlog.000001")


@pytest.mark.slow("the server's logs have times of whole seconds")
def test_logs_that_were_started_again_are_a_gap(live: Database, folder: Path, copy: Copy) -> None:
    sql(live, WRITE)
    copy()
    sql(live, "DO SLEEP(1.1)")
    start_again(live)
    sql(live, *[WRITE] * 4)

    report = copy()

    assert report.findings == 1
    assert "started its logs again" in str(report.items[0].reason)


def test_old_logs_are_forgotten(live: Database, folder: Path, copy: Copy) -> None:
    sql(live, "FLUSH BINARY LOGS")
    copy()
    path = folder / "binlogs" / "index.json"
    old = json.loads(path.read_text())
    old["logs"][0]["covers_until"] = "2020-01-01T00:00:00Z"
    path.write_text(json.dumps(old))

    copy()

    assert [log.name for log in index(folder)] == ["binlog.000002"]
    assert len(list((folder / "binlogs").iterdir())) == 2


@pytest.fixture
def reader(log_server: PrivateServer, live: Database) -> str:
    """The address of a user with all of the database, and no more; the password is odd."""
    user = "'reader'@'%'"
    sql(
        live,
        f"DROP USER IF EXISTS {user}",
        f"CREATE USER {user} IDENTIFIED BY 'p w\"#\\\\x'",
        f"GRANT ALL ON {NAME}.* TO {user}",
    )
    address = live.url.set(username="reader", password='p w"#\\x')  # noqa: S106
    return address.render_as_string(hide_password=False)


def test_a_user_without_the_privileges_gets_the_statement(
    live: Database, reader: str, folder: Path
) -> None:
    database = Database(reader)
    with pytest.raises(NotPermittedToRead) as problem:
        copying(database, folder).run(_terms())
    assert problem.value.exit_code == 2
    grant = "GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO 'reader'@'%';"
    assert problem.value.hint == f"Let an administrator run: {grant}"

    sql(live, "GRANT REPLICATION CLIENT ON *.* TO 'reader'@'%'")
    database.close()  # a session keeps the privileges that it began with
    with pytest.raises(NotReplicating) as denied:
        copying(database, folder).run(_terms())
    assert (denied.value.exit_code, denied.value.hint) == (2, problem.value.hint)

    sql(live, grant.rstrip(";"))
    copying(database, folder).run(_terms())
    database.close()
    assert index(folder)


def test_a_server_without_a_binary_log_is_named(database: Database, folder: Path) -> None:
    if database.is_sqlite:
        pytest.skip("SQLite has its own answer")
    with pytest.raises(NoBinaryLog, match="writes no binary log") as problem:
        copying(database, folder).run(_terms())
    assert problem.value.exit_code == 2


def test_a_log_that_the_server_no_longer_has_breaks_off(live: Database, folder: Path) -> None:
    with (
        copying(live, folder).source.read("binlog.000099") as pieces,
        pytest.raises(LogUnavailable, match=r"binlog\.000099"),
    ):
        list(pieces)
