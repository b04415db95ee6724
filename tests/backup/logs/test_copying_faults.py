"""Copying that fails leaves what was copied before, and nothing half under a final name."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from savctl.adapters.backups.folder import BackupFolder
from savctl.persistence.engine import Database
from savctl.ports.backup_place import ByteSink, PlaceUnavailable
from savctl.ports.binary_logs import LogUnavailable
from savctl.usecases.backup.logs.index import INDEX, read_index
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from tests.backup.logs.conftest import Copy, copying, sql
from tests.crash.processes import Aim, finished, start, time_passes_for_leases
from tests.depth import KILLS
from tests.servers.databases.mysql_family import PrivateServer

JOB = ("job", "run", "binlog-backup", "--quiet")
LARGE = f"INSERT INTO blobs (content) VALUES (X'{os.urandom(2**20).hex()}')"  # not packed


class _Breaking:
    """A sink that ends after so many bytes, as `end` does it."""

    def __init__(self, sink: ByteSink, end: object, size: int) -> None:
        self._sink = sink
        self._end = end
        self._left = size

    def write(self, data: bytes, /) -> None:
        self._left -= len(data)
        if self._left < 0 and callable(self._end):
            end, self._end = self._end, None
            end()
        self._sink.write(data)


class BreakingFolder(BackupFolder):
    """A folder in which something happens while a log is written."""

    def __init__(self, folder: Path, end: object, size: int = 1000) -> None:
        super().__init__(folder)
        self._end = end
        self._size = size

    @contextmanager
    def write(self, name: str) -> Iterator[ByteSink]:
        """The same, until it breaks."""
        with super().write(name) as sink:
            is_log = not name.endswith(".json")
            yield _Breaking(sink, self._end, self._size) if is_log else sink


def _full() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _state(folder: Path) -> tuple[object, list[str]]:
    return read_index(BackupFolder(folder)), sorted(p.name for p in folder.rglob("*"))


def _run(live: Database, place: BackupFolder) -> None:
    work = replace(copying(live, place.folder), place=place)
    work.run(BatchContext(report=BatchReport()))


def test_a_full_disk_leaves_the_copies_as_they_were(
    live: Database, folder: Path, copy: Copy
) -> None:
    copy()
    before = _state(folder)
    sql(live, LARGE)

    with pytest.raises(PlaceUnavailable, match="No space left") as problem:
        _run(live, BreakingFolder(folder, _full))

    assert problem.value.exit_code == 8
    assert _state(folder) == before
    copy()
    assert len(read_index(BackupFolder(folder))) == 1


def test_a_server_that_dies_meanwhile_leaves_the_copies_as_they_were(
    live: Database, log_server: PrivateServer, folder: Path, copy: Copy
) -> None:
    copy()
    before = _state(folder)
    sql(live, *[LARGE] * 8)  # more than what is on its way

    with pytest.raises(LogUnavailable, match="broke off") as problem:
        _run(live, BreakingFolder(folder, log_server.crash))

    assert problem.value.exit_code == 8
    assert _state(folder) == before


class UnlistingFolder(BackupFolder):
    """A folder that is full before a list is written."""

    @contextmanager
    def write(self, name: str) -> Iterator[ByteSink]:
        if name == INDEX:
            _full()
        with super().write(name) as sink:
            yield sink


def test_a_copy_that_no_list_names_leaves_the_listed_one_as_it_was(
    live: Database, folder: Path, copy: Copy
) -> None:
    for _ in range(3):  # some runs follow another within a second
        copy()
        sql(live, LARGE)
        with pytest.raises(OSError, match="No space left"):
            _run(live, UnlistingFolder(folder))

        _require_whole(folder)


def test_a_copy_that_no_list_names_is_removed_an_hour_later(
    live: Database, folder: Path, copy: Copy
) -> None:
    copy()
    with pytest.raises(OSError, match="No space left"):
        _run(live, UnlistingFolder(folder))
    [listed] = read_index(BackupFolder(folder))
    [left] = set(_copies(folder)) - {folder / listed.part}
    other = left.with_name(left.name.replace("binlog.000001", "binlog.000009"))
    other.write_bytes(b"of a log that no list names")
    assert _after_an_hour(folder) == {left.name, other.name, Path(listed.part).name}

    copy()

    [listed] = read_index(BackupFolder(folder))
    assert {file.name for file in _copies(folder)} == {other.name, Path(listed.part).name}


def test_without_a_list_no_copy_is_removed(live: Database, folder: Path, copy: Copy) -> None:
    copy()
    (folder / INDEX).unlink()
    before = _after_an_hour(folder)

    copy()

    assert {file.name for file in _copies(folder)} > before


def _copies(folder: Path) -> list[Path]:
    return sorted((folder / "binlogs").glob("*.zst"))


def _after_an_hour(folder: Path) -> set[str]:
    for file in _copies(folder):
        os.utime(file, (0, 0))
    return {file.name for file in _copies(folder)}


@pytest.mark.slow("kills processes at work, again and again")
def test_a_run_killed_at_any_moment_is_made_good_by_the_next(
    live: Database, folder: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    url = live.url.update_query_dict({"ssl_disabled": "true"})
    settings = environment | {
        "SAVCTL_DATABASE_URL": url.render_as_string(hide_password=False),
        "SAVCTL_BACKUP_URL": f"file://{folder}",
        "SAVCTL_HOME": str(tmp_path / "home"),
    }
    assert finished(settings, *JOB) == 0
    aim = Aim(1.5)
    for _ in range(KILLS):
        sql(live, LARGE, "FLUSH BINARY LOGS")
        process = start(settings, *JOB)
        aim.pause()
        aim.learn(too_late=not process.is_alive())
        process.kill()
        process.wait(30)
        _require_whole(folder)
        time_passes_for_leases(live)

    assert finished(settings, *JOB) == 0

    logs = read_index(BackupFolder(folder))
    assert [log.name for log in logs] == [f"binlog.{n:06d}" for n in range(1, len(logs) + 1)]
    assert [log.gap for log in logs] == [None] * len(logs)
    assert len(logs) == KILLS + 1


def _require_whole(folder: Path) -> None:
    """Whatever the list names is there, whole."""
    for log in read_index(BackupFolder(folder)):
        assert (folder / log.part).stat().st_size == log.stored_bytes


def test_no_process_shows_the_password_while_a_log_is_read(live: Database, folder: Path) -> None:
    secret = "wr0ng-horse"  # noqa: S105
    sql(
        live,
        "DROP USER IF EXISTS 'reader'@'%'",
        f"CREATE USER 'reader'@'%' IDENTIFIED BY '{secret}'",
        "GRANT ALL ON *.* TO 'reader'@'%'",
        *[LARGE] * 4,
    )
    address = live.url.set(username="reader", password=secret)
    reader = Database(address.render_as_string(hide_password=False))
    seen: list[bytes] = []

    def look() -> None:
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                command = (process / "cmdline").read_bytes()
                if b"mariadb-binlog" in command or b"mysqlbinlog" in command:
                    seen.extend((command, (process / "environ").read_bytes()))

    place = BreakingFolder(folder, look)
    replace(copying(reader, folder), place=place).run(BatchContext(report=BatchReport()))

    reader.close()
    assert len(seen) >= 2
    assert not any(secret.encode() in text for text in seen)
    written = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    assert not any(secret.encode() in content for content in written)
