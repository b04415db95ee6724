"""A folder for backups: written beside their names, on the disk before they are named."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from savctl.errors import is_out_of_room
from savctl.ports.backup_place import (
    PART,
    BackupFile,
    ByteSink,
    ByteSource,
    NoSuchBackupFile,
    PlaceUnavailable,
    checked_name,
)
from savctl.private_files import make_private_folder, private_opener

_BUFFER = 1024**2


class BackupFolder:
    """A folder; it is made, closed to others, when the first file is written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = f"file://{folder}"

    @contextmanager
    def write(self, name: str) -> Iterator[ByteSink]:
        """A file whose name appears when it is complete and on the disk."""
        path = self._path(name)
        part = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}{PART}")
        with self._translating("cannot be written"):
            make_private_folder(path.parent)
            try:
                with open(part, "xb", buffering=_BUFFER, opener=private_opener) as stream:
                    yield stream
                    stream.flush()
                    os.fsync(stream.fileno())
                part.replace(path)
            except BaseException:
                with suppress(OSError):
                    part.unlink(missing_ok=True)
                _remove_empty(path.parent, self.folder)
                raise
            _sync(path.parent)
            _sync(self.folder)

    @contextmanager
    def read(self, name: str) -> Iterator[ByteSource]:
        """The file from its beginning."""
        path = self._path(name)
        with self._translating("cannot be read"):
            try:
                stream = path.open("rb", buffering=_BUFFER)
            except (FileNotFoundError, IsADirectoryError):
                raise NoSuchBackupFile(f"{self.name} has no file {name}") from None
            with stream:
                yield stream

    def names(self, prefix: str = "") -> Iterator[BackupFile]:
        """The finished files, by name; a folder that is not there yet has none."""
        for path in self._files(prefix):
            name = path.relative_to(self.folder).as_posix()
            if not name.startswith(prefix) or name.endswith(PART):
                continue
            with suppress(FileNotFoundError):
                found = path.stat()
                yield BackupFile(
                    name=name,
                    size_bytes=found.st_size,
                    modified_at=datetime.fromtimestamp(found.st_mtime, UTC),
                )

    def remove(self, name: str) -> None:
        """Remove a file, and its folder when that is empty."""
        path = self._path(name)
        with self._translating("cannot be changed"):
            path.unlink(missing_ok=True)
            _remove_empty(path.parent, self.folder)

    def clean(self, prefix: str, *, before: datetime) -> int:
        """Remove the `.part` files that nobody has written to since then."""
        removed = 0
        for path in self._files(prefix):
            name = path.relative_to(self.folder).as_posix()
            if not name.startswith(prefix) or not name.endswith(PART):
                continue
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < before.timestamp():
                    path.unlink()
                    removed += 1
                    _remove_empty(path.parent, self.folder)
        return removed

    def free_bytes(self) -> int | None:
        """The room for this user on the disk below the folder."""
        with self._translating("cannot be read"):
            there = next(one for one in (self.folder, *self.folder.parents) if one.exists())
            return shutil.disk_usage(there).free

    def describe(self) -> str:
        """The folder."""
        return f"the folder {self.folder}"

    def close(self) -> None:
        """Nothing is open."""

    def _path(self, name: str) -> Path:
        return self.folder / checked_name(name)

    def _files(self, prefix: str) -> list[Path]:
        """All files of the folder of `prefix`: others may hold a million."""
        below = self.folder / prefix.rpartition("/")[0]
        with self._translating("cannot be read"):
            found = (path for path in below.rglob("*") if path.is_file())
            return sorted(found, key=lambda path: path.relative_to(self.folder).as_posix())

    @contextmanager
    def _translating(self, trouble: str) -> Iterator[None]:
        """Trouble with the folder in words; that of others (a pipe) has no file name."""
        try:
            yield
        except BrokenPipeError:
            raise
        except OSError as problem:
            hint = "Is it mounted, and may the user who runs savctl write there?"
            if is_out_of_room(problem):
                hint = "Make room: savctl backup prune; or move backup_url to a larger disk."
            raise PlaceUnavailable(
                f"the backup folder {self.folder} {trouble}: {problem.strerror or problem}",
                hint=hint,
            ) from problem


def _remove_empty(folder: Path, above: Path) -> None:
    while folder != above and above in folder.parents:
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent


def _sync(folder: Path) -> None:
    """Wait until the disk has a folder's entries."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
