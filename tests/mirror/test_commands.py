"""The job, `attachment restore --from-mirror` and `doctor`, as an operator runs them."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import pytest

from savctl.persistence.engine import Database
from savctl.persistence.jobs import leases
from savctl.ports import SetClock
from savctl.ports.backup_place import BackupPlace
from tests.conftest import Cli
from tests.given import attached, created, rows
from tests.servers.stores.buckets import Bucket

PNG = b"\x89PNG\r\n\x1a\n" + bytes(16)


@pytest.fixture
def shell(cli: Cli, bucket: Bucket, place: BackupPlace, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The command line with the bucket and a mirror configured."""
    for name, value in bucket.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SAVCTL_MIRROR_URL", place.name)
    return cli


@pytest.mark.only_stores("directory", "seaweedfs")
@pytest.mark.each_database("what is written down of a file and of the mirror")
@pytest.mark.slow("a dozen commands on real servers")
def test_a_lost_file_comes_back_from_the_mirror(
    shell: Cli, bucket: Bucket, database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)
    [file] = attached(database, bucket.store, ticket.id, ("a.png", PNG))

    ran = shell("job", "run", "bucket-mirror", "-o", "json")
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["changed"] == 1
    bucket.store.purge([file.file_path])
    dry = shell("attachment", "restore", file.id, "--from-mirror", "--dry-run", "--as", 10)
    assert (dry.code, bucket.store.find(file.file_path)) == (0, None)
    done = shell("attachment", "restore", file.id, "--from-mirror", "--as", 10, "-o", "json")
    assert (done.code, json.loads(done.out)["changed"]) == (0, True), done.err
    again = shell("attachment", "restore", file.id, "--from-mirror", "--as", 10, "-o", "json")
    assert json.loads(again.out)["changed"] is False

    with bucket.store.read(file.file_path) as pieces:
        assert b"".join(pieces) == PNG
    assert shell("attachment", "verify").code == 0
    entries = rows(database, "SELECT * FROM savctl_audit")
    assert any("restored" in str(entry) for entry in entries)
    [record] = rows(database, "SELECT kind, state, bytes FROM savctl_backups")
    assert record == {"kind": "mirror", "state": "unproven", "bytes": len(PNG)}


@pytest.mark.only_stores("directory")
@pytest.mark.only_on("sqlite")
def test_a_purge_takes_the_object_out_of_the_mirror(
    shell: Cli,
    bucket: Bucket,
    place: BackupPlace,
    database: Database,
    clock: SetClock,
) -> None:
    ticket = created(database, clock)
    [file] = attached(database, bucket.store, ticket.id, ("a.png", PNG))
    shell("job", "run", "bucket-mirror")
    shell("attachment", "delete", file.id, "--as", 10)
    with database.connection() as connection:
        connection.exec_driver_sql("UPDATE savctl_files SET deleted_at = '2020-01-01 00:00:00'")
        connection.commit()
    assert list(place.names("objects/")) != []

    purged = shell("job", "run", "attachment-purge", "-o", "json")

    assert purged.code == 0, purged.err
    assert list(place.names("objects/")) == []
    assert rows(database, "SELECT * FROM savctl_purges") == []


@pytest.mark.only_stores("directory")
@pytest.mark.only_on("sqlite")
def test_a_mirror_that_is_away_keeps_the_purge_open(
    shell: Cli,
    bucket: Bucket,
    place: BackupPlace,
    database: Database,
    clock: SetClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ticket = created(database, clock)
    [file] = attached(database, bucket.store, ticket.id, ("a.png", PNG))
    shell("job", "run", "bucket-mirror")
    shell("attachment", "delete", file.id, "--as", 10)
    with database.connection() as connection:
        connection.exec_driver_sql("UPDATE savctl_files SET deleted_at = '2020-01-01 00:00:00'")
        connection.commit()
    index = next(place.names("index/")).name
    with place.read(index) as source:
        whole = source.read()
    with place.write(index) as sink:
        sink.write(b"damaged")

    failed = shell("job", "run", "attachment-purge", "-o", "json")

    assert failed.code == 3
    assert "the mirror" in json.loads(failed.out)["items"][0]["reason"]
    with place.write(index) as sink:
        sink.write(whole)
    assert shell("job", "run", "attachment-purge").code == 0
    assert list(place.names("objects/")) == []


@pytest.mark.only_on("sqlite")
@pytest.mark.only_stores("directory")
def test_what_the_mirror_does_not_have_or_has_spoiled_is_refused(
    shell: Cli, bucket: Bucket, place: BackupPlace, database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)
    [file] = attached(database, bucket.store, ticket.id, ("a.png", PNG))
    shell("job", "run", "bucket-mirror")
    [late] = attached(database, bucket.store, ticket.id, ("b.png", PNG + b"1"))
    bucket.store.purge([file.file_path, late.file_path])
    [stored] = place.names("objects/")
    with place.write(stored.name) as sink:
        sink.write(b"spoiled")

    assert shell("attachment", "restore", file.id, "--from-mirror", "--as", 10).code == 5
    assert shell("attachment", "restore", late.id, "--from-mirror", "--as", 10).code == 4
    assert list(bucket.store.listing("")) == []


@pytest.mark.only_on("sqlite")
@pytest.mark.only_stores("directory")
def test_without_a_mirror_the_job_is_idle_and_the_commands_name_the_setting(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    created(database, clock)

    assert cli("job", "run", "bucket-mirror").code == 0
    refused = cli("attachment", "restore", 1, "--from-mirror", "--as", 10)
    assert (refused.code, "SAVCTL_MIRROR_URL" in refused.err) == (2, True)


@pytest.mark.only_on("sqlite")
@pytest.mark.only_stores("directory")
@pytest.mark.slow("a dozen commands")
def test_what_is_spoiled_is_named_and_copied_again(
    shell: Cli, bucket: Bucket, place: BackupPlace
) -> None:
    for name in ("a", "b"):
        content = name.encode()
        bucket.store.put(
            f"tickets/1/{name}.png", BytesIO(content), size_bytes=1, content_type="image/png"
        )
    assert shell("backup", "mirror").code == 0
    assert shell("backup", "mirror", "--verify").code == 0
    stored = next(place.names("objects/")).name
    with place.write(stored) as sink:
        sink.write(b"spoiled")

    found = shell("backup", "mirror", "--verify", "-o", "json")
    assert found.code == 10
    assert [row["sha256"] for row in json.loads(found.out)] == [stored.removeprefix("objects/")]
    wrong = [
        one["check"]
        for one in json.loads(shell("doctor", "-o", "json").out)
        if one["level"] == "error"
    ]
    assert "mirror" in wrong
    healed = json.loads(shell("backup", "mirror", "-o", "json").out)
    assert (healed["changed"], healed["details"]["spoiled"]) == (1, [])

    assert shell("backup", "mirror", "--verify").code == 0
    assert json.loads(shell("backup", "mirror", "-o", "json").out)["changed"] == 0


@pytest.mark.only_on("sqlite")
@pytest.mark.only_stores("directory")
def test_doctor_has_a_line_for_the_mirror(shell: Cli, bucket: Bucket) -> None:
    bucket.store.put("tickets/1/a.png", BytesIO(PNG), size_bytes=24, content_type="image/png")

    def line() -> dict[str, str]:
        found = json.loads(shell("doctor", "-o", "json").out)
        return next(one for one in found if one["check"] == "mirror")

    assert line()["level"] == "warn"
    shell("job", "run", "bucket-mirror")
    assert line()["level"] == "ok"


@pytest.mark.only_on("sqlite")
@pytest.mark.only_stores("directory")
def test_two_runs_at_once_are_one(shell: Cli, database: Database, bucket: Bucket) -> None:
    bucket.store.put("tickets/1/a.png", BytesIO(PNG), size_bytes=24, content_type="image/png")
    lease = database.transaction(
        lambda c: leases.acquire(c, "bucket-mirror", owner="elsewhere:1", seconds=60)
    )

    runs = [shell("job", "run", "bucket-mirror"), shell("backup", "mirror")]

    assert [run.code for run in runs] == [9, 9]
    assert "elsewhere:1" in runs[1].err
    database.transaction(lambda c: leases.release(c, lease))
    assert shell("backup", "mirror").code == 0


@pytest.mark.only_on("sqlite")
@pytest.mark.only_stores("directory")
def test_doctor_names_an_archive_that_is_not_mirrored(
    shell: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found() -> list[str]:
        lines = json.loads(shell("doctor", "-o", "json").out)
        return [one["found"] for one in lines if one["check"] == "mirror"]

    assert not any("not mirrored" in line for line in found())
    monkeypatch.setenv("SAVCTL_ARCHIVE_URL", f"file://{tmp_path / 'archive'}")
    assert any("not mirrored" in line and "archive" in line for line in found())
