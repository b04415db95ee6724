"""Each fault of a backup, one by one: the last good one stays, the code tells, doctor shows it."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from savctl.adapters.backups.folder import BackupFolder
from savctl.persistence.engine import Database
from savctl.persistence.jobs import leases
from savctl.persistence.jobs.maintenance_lease import MAINTENANCE
from savctl.ports.backup_place import ByteSink, PlaceUnavailable
from tests.backup.support import answer, awkward, create, doctors_line, dump_program
from tests.backup.support import write as write_rows
from tests.backup.test_backing_up import files, program, user
from tests.conftest import Cli
from tests.crash.processes import wait_until

SECRET = "s3cret-of-before"  # noqa: S105 - of a user of the test
WRONG = "wr0ng-secret"


@pytest.fixture
def good(ready: Cli, folder: Path, database: Database) -> Iterator[dict[str, Any]]:
    """The last good backup: after the test it is there untouched, alone, and can be restored."""
    awkward(database)
    made = create(ready)
    before = {name: (folder / name).read_bytes() for name in files(folder)}
    yield made
    assert {name: (folder / name).read_bytes() for name in files(folder)} == before
    assert [row["id"] for row in answer(ready("backup", "list", "-o", "json"))] == [made["id"]]
    assert ready("backup", "verify", made["id"]).code == 0


def require_shown(cli: Cli, database: Database) -> None:
    """Pass when `doctor` names the job that failed, and the age of the last good backup."""
    rows = json.loads(cli("doctor", "-o", "json").out)
    (jobs,) = (row for row in rows if row["check"] == "jobs")
    assert (jobs["level"] in {"warn", "error"}, "backup" in jobs["found"]) == (True, True), jobs
    write_rows(database, "UPDATE savctl_backups SET made_at = '2025-10-03 00:30:00'")
    assert doctors_line(cli).startswith("error: last made 2025-10-03")


@pytest.mark.slow("backs up three times")
@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.99])
@pytest.mark.only_on("mariadb", "mysql")
@pytest.mark.each_database("the client of a server")
def test_a_client_that_dies_at_any_byte_leaves_the_last_good_backup(
    ready: Cli,
    good: dict[str, Any],
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    share: float,
) -> None:
    name = dump_program(database)
    size = 60_000  # of this dump, about
    real = shutil.which(name)
    body = f'{real} "$@" | head -c {int(size * share)}; kill -9 $$'
    program(tmp_path / "bin" / name, body)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")

    outcome = ready("job", "run", "backup")

    assert outcome.code == 8, outcome.err
    assert "signal 9" in outcome.err
    monkeypatch.setenv("PATH", os.environ["PATH"].partition(":")[2])
    require_shown(ready, database)


@contextmanager
def held_dump(
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    meanwhile: Callable[[], None],
) -> Iterator[None]:
    """Something happens after savctl has started the dump program, before that one connects."""
    started, held = tmp_path / "started", tmp_path / "held"
    held.touch()
    real = shutil.which(dump_program(database))
    body = f'touch {started}; while [ -e {held} ]; do sleep 0.05; done; exec {real} "$@"'
    program(tmp_path / "bin" / dump_program(database), body)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")

    def act() -> None:
        wait_until(started.exists, what="the dump begins")
        try:
            meanwhile()
        finally:
            held.unlink()

    thread = threading.Thread(target=act)
    thread.start()
    yield
    thread.join()


@pytest.mark.only_on("mariadb", "mysql")
@pytest.mark.each_database("the client of a server")
def test_a_password_that_is_refused_makes_no_backup(
    ready: Cli, good: dict[str, Any], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    user(database, SECRET)
    usual = os.environ["SAVCTL_DATABASE_URL"]
    url = database.url.set(username="backup_user", password=WRONG)
    monkeypatch.setenv("SAVCTL_DATABASE_URL", url.render_as_string(hide_password=False))

    outcome = ready("backup", "create")

    monkeypatch.setenv("SAVCTL_DATABASE_URL", usual)
    assert outcome.code == 7, outcome.err
    assert "backup_user" in outcome.err
    assert WRONG not in outcome.err
    assert SECRET not in outcome.err


@pytest.mark.only_on("mariadb", "mysql")
@pytest.mark.each_database("the client of a server")
def test_a_password_that_is_changed_meanwhile_makes_no_backup(
    ready: Cli,
    good: dict[str, Any],
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    user(database, SECRET)
    usual = os.environ["SAVCTL_DATABASE_URL"], os.environ["PATH"]
    url = database.url.set(username="backup_user", password=SECRET)
    monkeypatch.setenv("SAVCTL_DATABASE_URL", url.render_as_string(hide_password=False))

    def change() -> None:
        with database.engine.connect() as connection:
            connection.exec_driver_sql("ALTER USER 'backup_user'@'%%' IDENTIFIED BY 'other'")

    with held_dump(database, tmp_path, monkeypatch, change):
        outcome = ready("backup", "create")

    monkeypatch.setenv("SAVCTL_DATABASE_URL", usual[0])
    monkeypatch.setenv("PATH", usual[1])
    database.transaction(lambda c: leases.force_release(c, MAINTENANCE))  # it could not itself
    assert outcome.code == 7, outcome.err
    assert "Access denied" in outcome.err
    assert SECRET not in outcome.err


@pytest.mark.only_on("mariadb", "mysql")
@pytest.mark.each_database("the client of a server")
def test_a_table_that_another_program_changes_meanwhile_spoils_the_dump_not_the_backup(
    ready: Cli, good: dict[str, Any], database: Database
) -> None:
    """The dump's moment is before the change: the server refuses to read the table as of then."""
    waiting = text(
        "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE STATE LIKE '% metadata lock'"
    )
    with database.engine.connect() as other, database.engine.connect() as watching:
        run = other.exec_driver_sql
        run("DROP TABLE IF EXISTS zz_changed")
        run("CREATE TABLE zz_changed (id INT PRIMARY KEY, a INT)")
        run("INSERT INTO zz_changed VALUES (1, 1)")
        other.commit()
        run("LOCK TABLES zz_changed WRITE")

        def change() -> None:
            try:
                wait_until(
                    lambda: bool(watching.execute(waiting).scalar_one()),
                    what="the dump waits for the table",
                )
                run("ALTER TABLE zz_changed ADD COLUMN b INT, ALGORITHM=COPY")
            finally:
                run("UNLOCK TABLES")

        thread = threading.Thread(target=change)
        thread.start()
        outcome = ready("job", "run", "backup")
        thread.join()
        run("DROP TABLE zz_changed")

    assert outcome.code == 8, outcome.err
    assert "zz_changed" in outcome.err
    require_shown(ready, database)


class _Breaking:
    def __init__(self, sink: ByteSink, left: int) -> None:
        self._sink, self._left = sink, left

    def write(self, data: bytes, /) -> None:
        self._left -= len(data)
        if self._left < 0:
            raise PlaceUnavailable("the bucket does not answer any more")
        self._sink.write(data)


@pytest.mark.parametrize("which", ["the dump at once", "the dump later", "the manifest"])
@pytest.mark.each_database("each is dumped by something else")
def test_a_place_that_goes_away_in_the_middle_leaves_the_last_good_backup(
    ready: Cli,
    good: dict[str, Any],
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    which: str,
) -> None:
    usual = BackupFolder.write

    @contextmanager
    def breaking(self: BackupFolder, name: str) -> Iterator[ByteSink]:
        with usual(self, name) as sink:
            is_manifest = name.endswith("manifest.json")
            left = {"the dump at once": 0, "the dump later": 2_000}.get(which, 10**9)
            yield _Breaking(sink, 0 if is_manifest else left)

    monkeypatch.setattr(BackupFolder, "write", breaking)
    outcome = ready("job", "run", "backup")
    monkeypatch.setattr(BackupFolder, "write", usual)

    assert outcome.code == 8, outcome.err
    require_shown(ready, database)
