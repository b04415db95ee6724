"""Backups that are configured and were never made, never proven, or failed."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from savctl.persistence.backups import records
from savctl.persistence.backups.records import BackupKind, BackupRecord, BackupState
from savctl.persistence.engine import Database
from savctl.ports import system_clock
from tests.conftest import Cli
from tests.metrics.conftest import Metrics

pytestmark = pytest.mark.each_database("what is expected depends on the server")
SUCCESS = 'savctl_backup_last_success_timestamp_seconds{{kind="{}"}}'
FAILED = 'savctl_backup_failed{{kind="{}"}}'
PROVEN = "savctl_backup_last_proven_timestamp_seconds"


def stored(database: Database, kind: BackupKind, state: BackupState, *, days: int = 0) -> None:
    at = system_clock() - timedelta(days=days)
    record = BackupRecord(
        id=f"{kind}-{days}",
        kind=str(kind),
        state=str(state),
        made_at=at,
        verified_at=at if state is BackupState.OK else None,
        bytes=10,
        place="file:///elsewhere",
    )
    database.transaction(lambda connection: records.store(connection, record))


def backup_lines(cli: Cli) -> str:
    lines = json.loads(cli("doctor", "-o", "json").out)
    return str(next(line for line in lines if line["check"] == "backup"))


@pytest.mark.slow("runs metrics and doctor again and again")
def test_a_configured_backup_that_was_never_made_has_the_time_zero(
    cli: Cli,
    database: Database,
    metrics: Metrics,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unset = metrics()
    monkeypatch.setenv("SAVCTL_BACKUP_URL", f"file://{tmp_path}/backups")
    (tmp_path / "backups").mkdir()
    never, line = metrics(), backup_lines(cli)
    monkeypatch.setenv("SAVCTL_MIRROR_URL", f"file://{tmp_path}/mirror")

    assert {name for name in unset if name.startswith("savctl_backup")} == set()
    assert (never[SUCCESS.format("dump")], never[PROVEN]) == (0, 0)
    assert SUCCESS.format("mirror") not in never
    assert SUCCESS.format("binlog") not in never, "neither SQLite nor this server writes any"
    assert "no backup yet" in line
    assert metrics()[SUCCESS.format("mirror")] == 0

    stored(database, BackupKind.DUMP, BackupState.OK)
    made = metrics()

    assert made[SUCCESS.format("dump")] > 1_000_000_000
    assert made[PROVEN] > 1_000_000_000
    assert "no backup yet" not in backup_lines(cli)


@pytest.mark.slow("runs metrics and doctor again and again")
def test_a_spoiled_dump_and_a_failed_drill_are_shown_until_a_newer_one_is_well(
    cli: Cli, database: Database, metrics: Metrics, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAVCTL_BACKUP_URL", f"file://{tmp_path}/backups")
    (tmp_path / "backups").mkdir()
    for kind in (BackupKind.DUMP, BackupKind.DRILL):
        stored(database, kind, BackupState.OK, days=3)
        stored(database, kind, BackupState.FAILED, days=2)

    found, line = metrics(), backup_lines(cli)

    assert (found[FAILED.format("dump")], found[FAILED.format("drill")]) == (1, 1)
    assert "the newest one is spoiled" in line
    assert "a procedure of the last drill failed" in line

    stored(database, BackupKind.DUMP, BackupState.UNPROVEN)
    stored(database, BackupKind.DRILL, BackupState.OK)
    found = metrics()

    assert (found[FAILED.format("dump")], found[FAILED.format("drill")]) == (0, 0)
    assert "the newest one is spoiled" not in backup_lines(cli)
