"""Where backups are kept: a folder or a bucket that is not the data's own (rules 17.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from savctl.errors import InvalidInput, NotFound, Unavailable

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._=-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._=-]*)*")
_LONGEST = 512
PART = ".part"  # the end of a name that is being written in a folder


class PlaceUnavailable(Unavailable):
    """The place cannot be reached, has no room, or does not exist."""

    code = "backup_place_unavailable"


class NoSuchBackupFile(NotFound):
    """The place has no file of this name."""

    code = "no_such_backup_file"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupFile:
    """A file that was written to its end; `modified_at` is by the clock of the place."""

    name: str
    size_bytes: int
    modified_at: datetime


class ByteSink(Protocol):
    """Something that takes bytes; it blocks while the place is slower than the writer."""

    def write(self, data: bytes, /) -> object:
        """Take all of it."""
        ...


class ByteSource(Protocol):
    """Something that gives bytes."""

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes, or all; nothing at the end, and only there."""
        ...


class BackupPlace(Protocol):
    """A place for files that are written once and read whole; names are paths with `/`.

    Every method raises `PlaceUnavailable` or an error of the bucket (exit code 8) when the
    place does not work, `StoreRefused` (8) when its keys may not do it.
    """

    name: str

    def write(self, name: str) -> AbstractContextManager[ByteSink]:
        """Write a file: it exists under its name only once the block has ended well.

        A file of this name is replaced, whole, by the new one.
        """
        ...

    def read(self, name: str) -> AbstractContextManager[ByteSource]:
        """Read a file from its beginning.

        Raises:
            NoSuchBackupFile: there is none.
        """
        ...

    def names(self, prefix: str = "") -> Iterator[BackupFile]:
        """The finished files whose names begin with `prefix`, in the order of their names."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file for good, in a bucket with all its versions; gone already is done."""
        ...

    def clean(self, prefix: str, *, before: datetime) -> int:
        """Remove what killed writers left that began before then; answers how many."""
        ...

    def free_bytes(self) -> int | None:
        """The room that is left, where the place says so."""
        ...

    def describe(self) -> str:
        """The place as it is named to people, without secrets."""
        ...

    def close(self) -> None:
        """Give back connections."""
        ...


def checked_name(name: str) -> str:
    """The name, if a file may have it.

    Raises:
        InvalidInput: it leaves the place, or has characters that a place may not take.
    """
    if not _NAME.fullmatch(name) or len(name) > _LONGEST or name.endswith(PART):
        raise InvalidInput(f"{name[:80]!r} is no name of a file of a backup")
    return name
