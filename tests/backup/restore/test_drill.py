"""The four recovery procedures, rehearsed; each precondition that breaks makes one of them red."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.ports.backup_place import BackupPlace
from tests.backup.support import create, everything
from tests.conftest import Cli
from tests.given import attached, created, rows, write
from tests.servers.stores.buckets import Bucket

PNG = b"\x89PNG\r\n\x1a\n" + bytes(16)
NAMES = ["corruption", "deletion", "objects", "outage"]

pytestmark = [
    pytest.mark.slow("restores backups"),
    pytest.mark.each_database("restores into it"),
]


@pytest.fixture
def shop(
    cli: Cli,
    database: Database,
    clock: SetClock,
    bucket: Bucket,
    place: BackupPlace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Cli:
    """A ticket with a file, a proven backup and a mirror."""
    for name, value in bucket.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SAVCTL_BACKUP_URL", f"file://{tmp_path}/backups")
    monkeypatch.setenv("SAVCTL_MIRROR_URL", place.name)
    attached(database, bucket.store, created(database, clock).id, ("a.png", PNG), clock=clock)
    create(cli)
    assert cli("backup", "mirror").code == 0
    return cli


def drilled(cli: Cli, *, code: int = 0) -> dict[str, str]:
    """The outcome of each procedure, by its name; only the first word."""
    done = cli("backup", "drill", "-o", "json")
    assert done.code == code, done.err
    found: list[dict[str, Any]] = json.loads(done.out)["procedures"]
    return {one["name"]: one["outcome"].partition(":")[0] for one in found}


def all_but(name: str) -> dict[str, str]:
    return {**dict.fromkeys(NAMES, "ok"), name: "failed"}


@pytest.mark.only_stores("directory", "seaweedfs")
def test_all_four_work_and_nothing_of_the_live_data_is_touched(
    shop: Cli, database: Database, bucket: Bucket, place: BackupPlace, tmp_path: Path
) -> None:
    before = everything(database)
    objects = {(one.key, one.etag) for one in bucket.store.versions("")}
    mirrored = {one.name for one in place.names()}

    page = tmp_path / "drill.html"
    done = shop("backup", "drill", "--html", page)

    assert done.code == 0, done.err
    assert "Recovery drill" in page.read_text()
    assert everything(database) == before
    assert {(one.key, one.etag) for one in bucket.store.versions("")} == objects
    assert {one.name for one in place.names()} == mirrored
    [record] = rows(database, "SELECT details, state FROM savctl_backups WHERE kind = 'drill'")
    [kept] = (tmp_path / "backups" / "drills").iterdir()
    report = json.loads(kept.read_text())
    assert json.loads(record["details"]) == report
    assert [one["name"] for one in report["procedures"]] == NAMES
    assert all(one["lost_seconds"] is not None for one in report["procedures"])


@pytest.mark.only_stores("directory")
def test_a_spoiled_newest_backup_is_corruption_alone(shop: Cli, tmp_path: Path) -> None:
    proven = create(shop)["id"]
    assert shop("backup", "verify", proven, "--restore-test").code == 0
    newest = create(shop)["id"]
    [dump] = [f for f in (tmp_path / "backups" / newest).iterdir() if f.name != "manifest.json"]
    dump.write_bytes(dump.read_bytes()[:-20])

    assert drilled(shop, code=10) == all_but("corruption")


@pytest.mark.only_stores("directory")
def test_a_backup_without_tickets_is_deletion_alone(shop: Cli, database: Database) -> None:
    for table in ("savctl_files", "ticket_attachments", "ticket_messages", "support_tickets"):
        write(database, f"DELETE FROM {table}")
    create(shop)

    assert drilled(shop, code=10) == all_but("deletion")


@pytest.mark.only_stores("directory")
def test_a_spoiled_mirror_is_objects_alone(shop: Cli, place: BackupPlace) -> None:
    stored = next(place.names("objects/")).name
    with place.write(stored) as sink:
        sink.write(b"spoiled")

    assert drilled(shop, code=10) == all_but("objects")


@pytest.mark.only_stores("directory")
def test_a_broker_that_is_away_is_the_outage_alone(
    shop: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAVCTL_BROKER_URL", "amqp://guest:guest@127.0.0.1:9")

    assert drilled(shop, code=10) == all_but("outage")


@pytest.mark.only_stores("directory")
def test_without_a_mirror_its_procedure_is_skipped(
    shop: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SAVCTL_MIRROR_URL")

    assert drilled(shop) == {**dict.fromkeys(NAMES, "ok"), "objects": "skipped"}
    assert shop("backup", "drill", "--dry-run").code == 0
