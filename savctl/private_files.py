"""Files and folders that only their owner may look into: what savctl writes is customers' data."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

FILE_MODE = 0o600
_FOLDER_MODE = 0o700


def make_private_folder(folder: Path) -> None:
    """Make a folder and those missing above it, each closed to others; one that is there stays.

    Raises:
        OSError: it cannot be made, or is no folder.
    """
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(mode=_FOLDER_MODE, exist_ok=True)
    folder.mkdir(exist_ok=True)  # fails where a file is in its place


def make_private_file(path: Path) -> None:
    """Make an empty file where there is none; one that is there stays as it is.

    SQLite gives its `-wal` and `-shm` the mode of the database file.

    Raises:
        OSError: it cannot be made.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, FILE_MODE))


def private_opener(path: str, flags: int) -> int:
    """For `open(…, opener=…)`: what is made by it belongs to its owner alone."""
    return os.open(path, flags, FILE_MODE)


def is_open_to_others(path: Path) -> bool:
    """Whether group or others may read the file."""
    with suppress(OSError):
        return bool(path.stat().st_mode & 0o077)
    return False
