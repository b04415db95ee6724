"""The embedded database in trouble: read-only, damaged, locked, full, of another schema."""

from __future__ import annotations

import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from savctl.errors import Unavailable
from savctl.persistence.connections.waits import Waits
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from tests.given import created, snapshot

LIST = ("ticket", "list")
NEW = ("ticket", "create", "--user", "456", "--subject", "s", "--description", "d")
pytestmark = [
    pytest.mark.only_on("sqlite"),
    pytest.mark.slow("starts a process that may not do all that root may"),
]

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def file(database: Database, clock: SetClock) -> Path:
    """The file of a database with a ticket in it; nobody has it open."""
    created(database, clock)
    database.close()
    return Path(str(database.url.database))


@pytest.fixture
def run(file: Path, environment: dict[str, str]) -> Run:
    """`savctl WORDS…` in a process of its own that may not do more than an ordinary user."""
    ordinary: list[str] = []
    if os.geteuid() == 0:
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            pytest.skip("root may write everything, and there is no setpriv to give that up")
        ordinary = [setpriv, "--bounding-set=-dac_override"]

    def call(*words: str, at: Path = file) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*ordinary, sys.executable, "-m", "savctl", *words, "-o", "json"],
            env=environment | {"SAVCTL_DATABASE_URL": f"sqlite:///{at}"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return call


@pytest.fixture
def locked_up(file: Path) -> Iterator[Callable[[Path, int], None]]:
    """Take rights away; they are given back at the end."""
    taken: list[tuple[Path, int]] = []

    def take(path: Path, mode: int) -> None:
        taken.append((path, path.stat().st_mode))
        path.chmod(mode)

    yield take
    for path, mode in reversed(taken):
        path.chmod(mode)


def refused(outcome: subprocess.CompletedProcess[str], code: int) -> str:
    assert (outcome.returncode, outcome.stdout) == (code, ""), outcome.stderr
    (line,) = outcome.stderr.splitlines()
    error = json.loads(line)["error"]
    assert error["exit"] == code
    return str(error["message"])


def test_a_read_only_file_can_be_read_and_not_written(
    run: Run, file: Path, locked_up: Callable[[Path, int], None]
) -> None:
    locked_up(file, 0o444)

    assert run(*LIST).returncode == 0
    answer = refused(run(*NEW), 8)
    assert "is read-only" in answer
    assert "SQLITE_READONLY: attempt to write a readonly database" in answer


def test_a_file_in_a_read_only_folder_is_not_written(
    run: Run, file: Path, locked_up: Callable[[Path, int], None]
) -> None:
    before = file.read_bytes()
    locked_up(file.parent, 0o555)

    for words in (LIST, NEW):
        outcome = run(*words)

        answer = refused(outcome, 8)
        assert "permissions" in answer
    assert file.read_bytes() == before


def test_a_folder_that_cannot_be_made_is_named(
    run: Run, file: Path, locked_up: Callable[[Path, int], None]
) -> None:
    locked_up(file.parent, 0o555)

    answer = refused(run(*LIST, at=file.parent / "new" / "savctl.db"), 2)

    assert f"cannot make the folder {file.parent / 'new'}" in answer


@pytest.mark.parametrize("words", [LIST, NEW])
def test_a_file_that_is_no_database_is_left_alone(
    run: Run, file: Path, words: tuple[str, ...]
) -> None:
    file.write_text("Dear customer,\n" * 100, encoding="utf-8")
    before = file.read_bytes()

    assert "is not a SQLite database" in refused(run(*words), 2)
    assert file.read_bytes() == before


def test_a_damaged_file_asks_for_a_backup(run: Run, file: Path) -> None:
    whole = file.read_bytes()
    file.write_bytes(whole[:4096] + os.urandom(len(whole) - 4096))

    for words in (LIST, NEW):
        assert "is damaged: restore it from a backup" in refused(run(*words), 8)


def test_a_file_cut_short_is_damaged(run: Run, file: Path) -> None:
    file.write_bytes(file.read_bytes()[:8192])

    assert "is damaged" in refused(run(*NEW), 8)


def test_a_schema_from_the_future_is_not_touched(run: Run, file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE savctl_alembic_version SET version_num = '9999'")
    connection.close()

    for words in (LIST, NEW):
        assert "newer than this savctl knows" in refused(run(*words), 2)


def test_a_file_that_another_writer_holds_is_busy_in_the_end(
    database: Database, file: Path, clock: SetClock
) -> None:
    before = snapshot(database)
    impatient = Database(f"sqlite:///{file}", waits=Waits(lock_wait_seconds=1))
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(Unavailable, match="is busy: another writer holds it"):
        created(impatient, clock)

    assert snapshot(impatient) == before, "reading does not wait for writers"
    other.execute("ROLLBACK")
    other.close()
    assert created(impatient, clock).ticket_number
    impatient.close()


def test_a_full_disk_is_reported_and_nothing_is_half_done(
    database: Database, file: Path, clock: SetClock, environment: dict[str, str]
) -> None:
    before = snapshot(database)
    database.close()

    def no_room() -> None:  # for more than the first pages of the write-ahead log
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))

    letter = file.with_name("letter")
    letter.write_text("x" * 60_000, encoding="utf-8")
    outcome = subprocess.run(
        [sys.executable, "-m", "savctl", *NEW[:-1], f"@{letter}", "-o", "json"],
        env=environment | {"SAVCTL_DATABASE_URL": f"sqlite:///{file}"},
        capture_output=True,
        text=True,
        preexec_fn=no_room,
        timeout=120,
        check=False,
    )

    assert "disk" in refused(outcome, 8)
    assert snapshot(database) == before


def test_a_full_file_system_is_reported_and_nothing_is_half_done(
    tmp_path: Path, run: Run, file: Path
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=700k", "tmpfs", str(small)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("no right to mount a small file system")
    try:
        copy = small / "savctl.db"
        shutil.copy(file, copy)
        letter = file.with_name("letter")
        letter.write_text("x" * 60_000, encoding="utf-8")
        outcomes = [run(*NEW[:-1], f"@{letter}", at=copy) for _ in range(12)]
        count = json.loads(run(*LIST, "--limit", "0", at=copy).stdout)
    finally:
        subprocess.run(["umount", str(small)], check=True)

    codes = [outcome.returncode for outcome in outcomes]
    assert codes.count(0) == len(count) - 1
    assert set(codes) <= {0, 8}
    assert "the disk is full" in refused(outcomes[-1], 8)
