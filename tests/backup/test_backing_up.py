"""A backup is made, listed, proven, removed; what goes wrong leaves the last good one."""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from savctl.persistence.backups import records
from savctl.persistence.engine import Database
from savctl.persistence.jobs.maintenance_lease import maintenance
from tests.backup.support import answer, awkward, backed_up, create, dump_program, write
from tests.conftest import Cli

Backups = Callable[[], list[str]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = tmp_path / "backups"
    backed_up(monkeypatch, found)
    return found


@pytest.fixture
def ready(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The command line, with a place for backups."""
    backed_up(monkeypatch, folder)  # the command line's fixture cleared it
    return cli


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.each_database("each is dumped by something else")
def test_a_backup_is_made_listed_and_proven(ready: Cli, database: Database, folder: Path) -> None:
    awkward(database)

    made = create(ready)

    assert set(made) >= {"id", "made_at", "server_version", "position", "files", "tables"}
    assert made["state"] == "unproven"
    assert made["verified_at"] is None
    assert made["tables"]["support_tickets"]["rows"] == 1
    assert made["tables"]["ticket_messages"]["rows"] == 59
    assert made["tables"]["cache"]["rows"] == 0
    assert len(files(folder)) == 2

    proven = answer(ready("backup", "verify", made["id"], "--restore-test", "-o", "json"))

    assert (proven["state"], proven["restored"], proven["problems"]) == ("ok", True, [])
    (listed,) = answer(ready("backup", "list", "-o", "json"))
    assert (listed["id"], listed["state"]) == (made["id"], "ok")
    shown = answer(ready("backup", "show", made["id"], "-o", "json"))
    assert shown["tables"] == made["tables"]
    with database.reading() as connection:
        ages = records.ages(connection)
    assert ages.last_proven is not None
    assert ages.bytes_by_kind == {"dump": made["bytes"]}


@pytest.mark.only_on("mariadb", "mysql")
@pytest.mark.each_database("the schema of a server")
def test_nothing_is_left_of_a_restore_test(ready: Cli, database: Database, folder: Path) -> None:
    def scratch() -> list[str]:
        with database.engine.connect() as connection:
            query = "SHOW DATABASES LIKE 'savctl_restore%%'"
            return list(connection.exec_driver_sql(query).scalars())

    before = scratch()  # of tests that killed a restore on this server
    made = create(ready)

    ready("backup", "verify", made["id"], "--restore-test")

    assert scratch() == before


@pytest.mark.each_database("each is dumped by something else")
def test_the_same_rows_have_the_same_checksum(ready: Cli, database: Database) -> None:
    awkward(database)
    first = create(ready)["tables"]
    second = create(ready)["tables"]
    write(database, "UPDATE ticket_messages SET message = 'other' WHERE id = 1")
    third = create(ready)["tables"]

    assert first["support_tickets"] == second["support_tickets"] == third["support_tickets"]
    assert first["ticket_messages"] == second["ticket_messages"]
    assert third["ticket_messages"]["checksum"] != first["ticket_messages"]["checksum"]


@pytest.mark.each_database("each is dumped by something else")
def test_an_encrypted_backup_needs_its_key(
    ready: Cli, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAVCTL_BACKUP_ENCRYPT", "true")
    assert ready("backup", "create").code == 2
    monkeypatch.setenv("SAVCTL_KEYS_FILE", str(tmp_path / "keys"))
    assert ready("keys", "generate", "--kid", "k1").code == 0

    made = create(ready)

    assert (made["encrypted"], made["key_id"]) == (True, "k1")
    (dump,) = [name for name in files(folder) if name.endswith(".enc")]
    assert b"CREATE TABLE" not in (folder / dump).read_bytes()
    verified = answer(ready("backup", "verify", made["id"], "--restore-test", "-o", "json"))
    assert verified["state"] == "ok"
    (tmp_path / "keys").rename(tmp_path / "elsewhere")
    missing = ready("backup", "verify", made["id"])
    assert missing.code == 2
    monkeypatch.delenv("SAVCTL_KEYS_FILE")
    missing = ready("backup", "verify", made["id"])
    assert missing.code == 2
    assert "k1" in missing.err


def test_without_a_place_nothing_is_done(cli: Cli) -> None:
    outcome = cli("backup", "create")

    assert outcome.code == 2
    assert "SAVCTL_BACKUP_URL" in outcome.err


def test_a_dry_run_writes_nothing(ready: Cli, folder: Path) -> None:
    assert answer(ready("backup", "create", "-n", "-o", "json"))["dry_run"] is True
    assert not folder.exists()


def test_an_unknown_backup_is_not_found(ready: Cli) -> None:
    for unknown in ("20251003_003000_5f1e9a", "../../etc/passwd", "x"):
        assert ready("backup", "show", unknown).code == 4
        assert ready("backup", "verify", unknown).code == 4


@pytest.mark.each_database("each holds the lease")
def test_two_at_once_are_one(ready: Cli, database: Database, folder: Path) -> None:
    with maintenance(database, "elsewhere:1"):
        outcome = ready("backup", "create")
        optimized = ready("job", "run", "db-optimize")
        archived = ready("job", "run", "archive")

    assert outcome.code == 9
    assert "elsewhere:1" in outcome.err
    assert (optimized.code, archived.code) == (9, 9)
    assert not folder.exists()
    create(ready)


SPOILED: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda content: content[:-100],
    "a bit turned": lambda content: content[:500] + bytes([content[500] ^ 1]) + content[501:],
    "something behind it": lambda content: content + b"more",
    "nothing": lambda content: b"",
}


@pytest.mark.parametrize("how", SPOILED)
def test_a_spoiled_backup_is_found(ready: Cli, folder: Path, how: str) -> None:
    made = create(ready)
    path = folder / made["files"][0]["name"]
    path.write_bytes(SPOILED[how](path.read_bytes()))

    outcome = ready("backup", "verify", made["id"], "-o", "json")

    assert outcome.code == 10
    assert made["files"][0]["name"] in outcome.err
    assert answer(ready("backup", "show", made["id"], "-o", "json"))["state"] == "failed"


def test_backups_that_changed_places_are_found(
    ready: Cli, folder: Path, database: Database
) -> None:
    one = create(ready)
    awkward(database)
    other = create(ready)
    paths = [folder / made["files"][0]["name"] for made in (one, other)]
    first, second = (path.read_bytes() for path in paths)
    paths[0].write_bytes(second)
    paths[1].write_bytes(first)

    for made in (one, other):
        assert ready("backup", "verify", made["id"]).code == 10


def test_a_missing_file_and_a_damaged_manifest_are_found(ready: Cli, folder: Path) -> None:
    one, other = create(ready), create(ready)
    (folder / one["files"][0]["name"]).unlink()
    (folder / other["id"] / "manifest.json").write_text("{}")

    assert ready("backup", "verify", one["id"]).code == 10
    listed = ready("backup", "list", "-o", "json")
    assert [row["id"] for row in answer(listed)] == [one["id"]]
    assert other["id"] in listed.err


def test_old_backups_go_and_the_newest_proven_one_stays(
    ready: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [create(ready) for _ in range(3)]
    answer(ready("backup", "verify", made[0]["id"], "--restore-test", "-o", "json"))
    for number, one in enumerate(made):
        manifest = folder / one["id"] / "manifest.json"
        old = manifest.read_text().replace(one["made_at"], f"2020-01-0{number + 1}T00:30:00Z")
        manifest.write_text(old)
    monkeypatch.setenv("SAVCTL_BACKUP_KEEP", "2d")

    assert ready("backup", "prune").code == 6
    planned = answer(ready("backup", "prune", "-n", "-o", "json"))
    assert [row["id"] for row in planned] == [made[1]["id"]]
    assert len(files(folder)) == 6
    answer(ready("backup", "prune", "--yes", "-o", "json"))

    left = {row["id"] for row in answer(ready("backup", "list", "-o", "json"))}
    assert left == {made[0]["id"], made[2]["id"]}
    assert len(files(folder)) == 4


@pytest.mark.each_database("each is dumped by something else")
def test_the_jobs_make_and_prove_a_backup(ready: Cli, folder: Path) -> None:
    made = answer(ready("job", "run", "backup", "-o", "json"))
    assert (made["changed"], made["failed"]) == (1, 0)

    proven = answer(ready("job", "run", "backup-verify", "-o", "json"))

    assert proven["changed"] == 1
    (listed,) = answer(ready("backup", "list", "-o", "json"))
    assert listed["state"] == "ok"


def test_without_a_place_the_jobs_are_idle(cli: Cli) -> None:
    for job in ("backup", "backup-verify"):
        outcome = cli("job", "run", job)
        assert outcome.code == 0
        assert "backup_url" in outcome.err


FAKES = {
    "it dies at its first byte": ("exit 3", 8),
    "it dies in the middle": ("head -c 100000 /dev/zero; kill -9 $$", 8),
    "it ends without an end": ("echo '-- a dump'; exit 0", 8),
    "it writes nothing": ("exit 0", 8),
}


@pytest.mark.only_on("mariadb", "mysql")
@pytest.mark.each_database("the client of a server")
@pytest.mark.parametrize("how", FAKES)
def test_a_client_that_dies_leaves_the_last_good_backup(
    ready: Cli,
    database: Database,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:
    create(ready)
    before = files(folder)
    body, code = FAKES[how]
    program(tmp_path / "bin" / dump_program(database), body)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")

    outcome = ready("backup", "create")

    assert outcome.code == code, outcome.err
    assert files(folder) == before


@pytest.mark.only_on("mariadb", "mysql")
@pytest.mark.each_database("the client of a server")
def test_a_missing_client_names_its_package(
    ready: Cli, kind: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    outcome = ready("backup", "create")

    assert outcome.code == 2
    assert f"{kind}-client" in outcome.err


@pytest.mark.only_on("mariadb", "mysql")
@pytest.mark.each_database("the client of a server")
def test_a_client_of_the_other_kind_of_server_is_not_taken(
    ready: Cli, kind: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debian installs MariaDB's client under MySQL's name."""
    version = "mysqldump Ver 9" if kind == "mariadb" else "mysqldump from 11.8 MariaDB"
    fake = tmp_path / "bin" / "mysqldump"
    program(fake, "exit 0")
    fake.write_text(f"#!/bin/sh\necho '{version}'\n")
    monkeypatch.setenv("PATH", str(fake.parent))

    outcome = ready("backup", "create")

    assert outcome.code == 2
    assert f"{kind}-client" in outcome.err
    assert not files(folder)


@pytest.mark.only_on("mariadb", "mysql")
@pytest.mark.each_database("the client of a server")
def test_no_password_is_seen_while_the_client_runs(
    ready: Cli,
    database: Database,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    odd = "s3cret \"'\\#;"
    user(database, odd)
    url = database.url.set(username="backup_user", password=odd)
    monkeypatch.setenv(
        "SAVCTL_DATABASE_URL", f"{url.render_as_string(hide_password=False)}&ssl_disabled=true"
    )
    real = shutil.which(dump_program(database))
    seen = tmp_path / "seen"
    spy = (
        f'file="${{1#--defaults-extra-file=}}"; [ -n "$2" ] || exec {real} "$@"\n'
        f'case "$1" in --no-defaults) exec {real} "$@";; esac\n'
        f'{{ stat -c %a "$file"; echo "$@"; cat /proc/$$/environ | tr "\\0" "\\n"; '
        f'cat /proc/$PPID/cmdline | tr "\\0" " "; }} > {seen}\nexec {real} "$@"'
    )
    program(tmp_path / "bin" / dump_program(database), spy)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")

    made = ready("backup", "create", "-v", "-o", "json")

    assert made.code == 0, made.err
    text = seen.read_text()
    assert text.startswith("600\n--defaults-extra-file=")
    assert "s3cret" not in text
    manifest = "".join(path.read_text() for path in folder.rglob("manifest.json"))
    assert "s3cret" not in manifest + made.out + made.err
    assert not Path(text.split()[1].partition("=")[2]).parent.exists()


def program(path: Path, body: str) -> None:
    path.parent.mkdir(exist_ok=True)
    version = 'case "$*" in *--version*) echo "${0##*/} Ver 1";  exit 0;; esac'
    path.write_text(f"#!/bin/sh\n{version}\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def user(database: Database, password: str) -> None:
    """A user who may dump this database and nothing else."""
    with database.engine.connect() as connection:
        run = connection.exec_driver_sql
        run("DROP USER IF EXISTS 'backup_user'@'%%'")
        run("CREATE USER 'backup_user'@'%%' IDENTIFIED BY %s", (password,))
        run(f"GRANT ALL ON `{database.url.database}`.* TO 'backup_user'@'%%'")


@pytest.mark.slow("doctor looks at everything, and a backup is restored")
def test_doctor_watches_the_place_and_the_backups(
    ready: Cli, folder: Path, database: Database
) -> None:
    def line() -> dict[str, str]:
        rows = json.loads(ready("doctor", "-o", "json").out)
        found: dict[str, str] = next(row for row in rows if row["check"] == "backup")
        return found

    assert (line()["level"], "no backup yet" in line()["found"]) == ("warn", True)
    made = create(ready)
    assert "never proven" in line()["found"]
    ready("backup", "verify", made["id"], "--restore-test")
    assert "disk of the data" in line()["found"]
    write(database, "UPDATE savctl_backups SET made_at = '2025-10-03 00:30:00'")
    assert line()["level"] == "error"
    assert "2025-10-03" in line()["found"]
    shutil.rmtree(folder)
    folder.write_text("")
    assert line()["level"] == "error"


@pytest.mark.each_database("each is dumped by something else")
def test_a_certificate_names_the_backups_that_hold_the_person(
    ready: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    monkeypatch.setenv("SAVCTL_BACKUP_KEEP", "14d")
    awkward(database)
    made = create(ready)

    done = answer(ready("gdpr", "erase", 456, "--confirm", 456, "-o", "json"))

    gone_by = datetime.fromisoformat(made["made_at"]) + timedelta(days=14)
    named = [one for one in done["backups"] if one["id"] == made["id"]]
    assert named == [{"id": made["id"], "until": f"{gone_by:%Y-%m-%dT%H:%M:%SZ}"}]
