"""What goes wrong while a backup is made or read leaves the last good one."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from savctl.domain.backup.sealing import CHUNK_BYTES, TAG_BYTES
from savctl.persistence.engine import Database
from savctl.persistence.jobs import leases
from savctl.persistence.jobs.maintenance_lease import MAINTENANCE
from tests.backup.support import answer, backed_up, create, doctors_line, dump_program, write
from tests.backup.test_backing_up import files, program
from tests.conftest import Cli, S3Servers
from tests.crash.processes import Aim, start, wait_until
from tests.depth import deep
from tests.servers.network.tcp_proxy import TcpProxy
from tests.servers.stores.buckets import server_bucket

SEALED = CHUNK_BYTES + TAG_BYTES


def noise(database: Database, rows: int) -> None:
    """Rows that do not get smaller."""
    for number in range(rows):
        write(
            database,
            "INSERT INTO cache VALUES (:key, :value, 1)",
            key=f"noise {number}",
            value=os.urandom(30_000).hex(),
        )


@pytest.mark.only_on("mariadb", "mysql")
@pytest.mark.each_database("the client of a server")
def test_a_full_disk_leaves_the_last_good_backup(
    ready: Cli, database: Database, folder: Path
) -> None:
    create(ready)
    before = files(folder)
    noise(database, 20)
    allowed = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, allowed[1]))
    try:
        outcome = ready("backup", "create")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, allowed)

    assert outcome.code == 8, outcome.err
    assert "prune" in outcome.err
    assert files(folder) == before


@pytest.mark.only_on("mariadb", "mysql")
@pytest.mark.each_database("a server that goes away")
def test_a_server_that_goes_in_the_middle_leaves_the_last_good_backup(
    ready: Cli,
    database: Database,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    create(ready)
    before = files(folder)
    started, held = tmp_path / "started", tmp_path / "held"
    held.touch()
    real = shutil.which(dump_program(database))
    body = f'touch {started}; while [ -e {held} ]; do sleep 0.05; done; exec {real} "$@"'
    program(tmp_path / "bin" / dump_program(database), body)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    with TcpProxy(int(database.url.port or 0)) as line:
        url = database.url.set(port=line.port).render_as_string(hide_password=False)
        monkeypatch.setenv("SAVCTL_DATABASE_URL", f"{url}&ssl_disabled=true")

        def go_away() -> None:
            wait_until(started.exists, what="the dump begins")
            line.refuse()
            line.cut()
            held.unlink()

        thread = threading.Thread(target=go_away)
        thread.start()
        outcome = ready("backup", "create")
        thread.join()

    assert outcome.code == 8, outcome.err
    assert files(folder) == before
    database.transaction(lambda c: leases.force_release(c, MAINTENANCE))


def test_a_wrong_password_makes_no_backup(
    cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backed_up(monkeypatch, folder)
    monkeypatch.setenv("SAVCTL_DATABASE_URL", "mysql://root:wr0ng-secret@127.0.0.1:1/desk")

    outcome = cli("backup", "create")

    assert outcome.code == 8
    assert "wr0ng-secret" not in outcome.err
    assert not folder.exists()


@pytest.mark.slow("kills savctl at moments of a whole run")
@pytest.mark.each_database("each is dumped by something else")
def test_killed_at_any_moment_no_half_backup_is_one(
    ready: Cli, database: Database, folder: Path
) -> None:
    noise(database, 40)
    create(ready)
    aim = Aim(0.5)
    for _ in range(deep(50, usual=10)):
        with start(os.environ, "backup", "create") as process:
            aim.pause()
            aim.learn(too_late=not process.is_alive())
        database.transaction(lambda c: leases.force_release(c, MAINTENANCE))

    listed = answer(ready("backup", "list", "-o", "json"))
    assert listed
    for one in listed:
        assert ready("backup", "verify", one["id"]).code == 0
    create(ready)


def _head(content: bytes) -> int:
    return content.index(b"\n", content.index(b"\n") + 1) + 1


def _swapped(own: bytes) -> bytes:
    at = _head(own)
    first, second = own[at : at + SEALED], own[at + SEALED : at + 2 * SEALED]
    return own[:at] + second + first + own[at + 2 * SEALED :]


def _mixed(own: bytes, other: bytes) -> bytes:
    at, there = _head(own), _head(other)
    return own[:at] + other[there : there + SEALED] + own[at + SEALED :]


SEALED_FAULTS: dict[str, Callable[[bytes, bytes], bytes]] = {
    "cut behind a chunk": lambda own, other: own[: -(len(own) % SEALED or SEALED)],
    "two chunks changed places": lambda own, other: _swapped(own),
    "a chunk of another backup": _mixed,
    "a bit turned": lambda own, other: own[:9000] + bytes([own[9000] ^ 4]) + own[9001:],
}


@pytest.mark.parametrize("how", SEALED_FAULTS)
def test_a_sealed_backup_that_was_tampered_with_is_named_and_refused(
    ready: Cli,
    database: Database,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:
    monkeypatch.setenv("SAVCTL_BACKUP_ENCRYPT", "true")
    monkeypatch.setenv("SAVCTL_KEYS_FILE", str(tmp_path / "keys"))
    ready("keys", "generate", "--kid", "k1")
    noise(database, 30)
    made, other = create(ready), create(ready)
    paths = [folder / one["files"][0]["name"] for one in (made, other)]
    content = SEALED_FAULTS[how](paths[0].read_bytes(), paths[1].read_bytes())
    paths[0].write_bytes(content)
    # whoever can write the file can write its manifest, too: the seal must find it
    manifest = folder / made["id"] / "manifest.json"
    changed = json.loads(manifest.read_text())
    changed["files"][0] |= {"bytes": len(content), "sha256": _sha256(content)}
    manifest.write_text(json.dumps(changed))

    verified = ready("backup", "verify", made["id"])
    watched = doctors_line(ready)
    restored = ready("backup", "restore", made["id"], "--into", "restored")

    assert verified.code == 10, verified.err
    assert made["files"][0]["name"] in verified.err
    assert ("warn" in watched, made["id"] in watched) == (True, True)  # a newer one is good
    assert restored.code == 5, restored.err
    assert not (tmp_path / "restored").exists()
    assert ready("backup", "verify", other["id"]).code == 0


def test_another_key_of_the_same_name_is_found(
    ready: Cli, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAVCTL_BACKUP_ENCRYPT", "true")
    monkeypatch.setenv("SAVCTL_KEYS_FILE", str(tmp_path / "keys"))
    ready("keys", "generate", "--kid", "k1")
    made = create(ready)
    (tmp_path / "keys").unlink()
    ready("keys", "generate", "--kid", "k1")

    assert ready("backup", "verify", made["id"]).code == 10
    assert ready("backup", "restore", made["id"], "--into", "restored").code == 5


@pytest.mark.slow("ends an S3 server, which is asked again and again")
@pytest.mark.only_stores("seaweedfs")
def test_a_bucket_is_a_place_as_well(
    cli: Cli, store_kind: str, s3_servers: S3Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = s3_servers.of(store_kind)
    bucket = server_bucket(server)
    for name, value in bucket.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(
        "SAVCTL_BACKUP_URL", f"{bucket.environment['SAVCTL_STORAGE_URL']}/backups/of"
    )
    made = create(cli)

    proven = answer(cli("backup", "verify", made["id"], "--restore-test", "-o", "json"))
    assert proven["state"] == "ok"
    assert cli("backup", "restore", made["id"], "--into", "restored").code == 0
    server.stop()
    assert cli("backup", "create").code == 8
    assert cli("backup", "list").code == 8


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
