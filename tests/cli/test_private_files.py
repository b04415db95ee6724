"""What savctl writes is customers' data: only its owner may look into it."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from savctl.persistence.engine import Database
from tests.cli.shop import open_shop
from tests.conftest import Cli

pytestmark = pytest.mark.only_on("sqlite")


@pytest.fixture(autouse=True)
def _generous() -> Iterator[None]:
    """The usual umask, under which new files are readable by everybody."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> dict[str, str]:
    """Everything below the folder that group or others may use."""
    found = {}
    for path in folder.rglob("*"):
        mode = stat.S_IMODE(path.lstat().st_mode)
        if mode & 0o077:
            found[str(path.relative_to(folder))] = f"{mode:o}"
    return found


def test_a_home_that_is_there_already_gets_private_files(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "open-home"
    home.mkdir(mode=0o755)
    (tmp_path / "note.txt").write_text("a note", encoding="utf-8")
    monkeypatch.delenv("SAVCTL_DATABASE_URL")
    monkeypatch.setenv("SAVCTL_HOME", str(home))
    new = ("ticket", "create", "--user", 1, "--subject", "s", "--description", "d")

    assert cli(*new, "--attach", "note.txt").code == 0
    holder = Database(f"sqlite:///{home}/savctl.db")
    with holder.reading() as connection:  # while somebody reads, the -wal and -shm stay
        connection.exec_driver_sql("SELECT COUNT(*) FROM support_tickets")
        assert cli(*new).code == 0
        assert {path.name for path in home.iterdir()} >= {"savctl.db-wal", "savctl.db-shm"}
        assert open_to_others(home) == {}
    holder.close()


@pytest.mark.parametrize("setting", ["SAVCTL_HOME", "SAVCTL_STORAGE_URL", "SAVCTL_ARCHIVE_URL"])
def test_folders_that_savctl_makes_are_private_up_to_the_one_that_was_there(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    (tmp_path / "note.txt").write_text("a note", encoding="utf-8")
    place = tmp_path / "there" / "a" / "b"
    place.parents[1].mkdir(mode=0o755)
    monkeypatch.delenv("SAVCTL_DATABASE_URL")
    monkeypatch.setenv(setting, str(place) if setting == "SAVCTL_HOME" else f"file://{place}")

    new = ("ticket", "create", "--user", 1, "--subject", "s", "--description", "d")
    assert cli(*new, "--attach", "note.txt").code == 0
    assert cli("archive", "run").code == 0

    assert open_to_others(place.parents[1]) == {}
    assert stat.S_IMODE(place.parents[1].stat().st_mode) == 0o755


WRITING = {
    "r.html": ("report", "sla", "--html", "r.html"),
    "t.csv": ("export", "tickets", "--out", "t.csv"),
    "p.zip": ("gdpr", "export", "456", "--out", "p.zip"),
    "o.jsonl": ("job", "run", "orphan-cleanup", "--plan-out", "o.jsonl"),
    "a.jpg": ("attachment", "get", "1", "--out", "a.jpg", "--as", "456"),
    "bad.csv": ("ticket", "import", "bad-rows.csv", "--reject-to", "bad.csv"),
}


@pytest.mark.parametrize("name", WRITING)
def test_every_file_that_a_command_writes_is_private(
    cli: Cli, database: Database, tmp_path: Path, name: str
) -> None:
    open_shop(database, tmp_path)
    (tmp_path / "bad-rows.csv").write_text(
        "user_id,subject,description\nnobody,,\n", encoding="utf-8"
    )

    outcome = cli(*WRITING[name])

    assert (tmp_path / name).is_file(), outcome.err
    assert f"{stat.S_IMODE((tmp_path / name).stat().st_mode):o}" == "600"


def test_the_program_writes_nothing_for_others(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "h").mkdir(mode=0o755)
    program = Path(sys.executable).parent / "savctl"
    new = ("ticket", "create", "--user", "1", "--subject", "s", "--description", "d")

    done = subprocess.run(
        [program, *new],
        env={**environment, "SAVCTL_HOME": str(tmp_path / "h")},
        cwd=tmp_path,
        capture_output=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0
    assert open_to_others(tmp_path / "h") == {}
