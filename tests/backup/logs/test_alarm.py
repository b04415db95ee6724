"""What `doctor` and the command line make of the copies (rules 17.2, settled 32)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from savctl.persistence.backups import records
from savctl.persistence.backups.records import BackupKind, BackupRecord, BackupState
from savctl.persistence.engine import Database
from savctl.ports import system_clock
from savctl.usecases.doctor.binlog import binlog_checks
from savctl.usecases.doctor.checks import Environment
from tests.backup.logs.conftest import Copy, purge, sql
from tests.conftest import Cli


def line(live: Database) -> list[tuple[str, str]]:
    (check,) = binlog_checks("file:///somewhere").values()
    results = check(Environment(database=live, clock=system_clock))
    return [(str(result.level), result.found.partition(",")[0][:20]) for result in results]


def test_a_gap_is_an_alarm_until_a_dump_was_made_behind_it(live: Database, copy: Copy) -> None:
    assert line(live) == [("warn", "never copied")]
    copy()
    assert [level for level, _ in line(live)] == ["ok"]
    sql(live, "FLUSH BINARY LOGS", "FLUSH BINARY LOGS")
    purge(live, "binlog.000003")
    copy()

    assert line(live)[1:] == [("error", "gap: the server remo")]

    dump = BackupRecord(
        id="b2",
        kind=BackupKind.DUMP,
        state=BackupState.UNPROVEN,
        made_at=system_clock(),
        verified_at=None,
        bytes=1,
        place="somewhere",
    )
    live.transaction(lambda connection: records.store(connection, dump))
    assert [level for level, _ in line(live)] == ["ok"]


def test_sqlite_has_no_binary_log_and_that_is_fine(cli: Cli, database: Database) -> None:
    if not database.is_sqlite:
        pytest.skip("about SQLite")
    done = cli("job", "run", "binlog-backup")

    assert done.code == 0
    assert "not for this database" in done.err
    lines = {row["check"]: row for row in json.loads(cli("doctor", "-o", "json").out)}
    assert lines["binlog"]["level"] == "off"


@pytest.mark.only_on("mariadb", "mysql")
@pytest.mark.each_database("about servers")
def test_a_server_without_a_binary_log_is_named_where_a_place_is_configured(
    cli: Cli, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = cli("job", "run", "binlog-backup")
    assert (done.code, "no backup_url is configured" in done.err) == (0, True)

    monkeypatch.setenv("SAVCTL_BACKUP_URL", f"file://{tmp_path}/backups")
    done = cli("job", "run", "binlog-backup")
    assert (done.code, "writes no binary log" in done.err) == (2, True)


def test_the_job_ends_with_ten_at_a_gap(
    cli: Cli,
    live: Database,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SAVCTL_BACKUP_URL", f"file://{folder}")
    url = live.url.update_query_dict({"ssl_disabled": "true"})
    monkeypatch.setenv("SAVCTL_DATABASE_URL", url.render_as_string(hide_password=False))
    assert cli("job", "run", "binlog-backup").code == 0
    sql(live, "FLUSH BINARY LOGS", "FLUSH BINARY LOGS")
    purge(live, "binlog.000003")

    done = cli("job", "run", "binlog-backup")

    assert done.code == 10
    assert "gap: the server removed binlog.000001 before it was copied" in done.out
    assert cli("job", "run", "binlog-backup").code == 0
