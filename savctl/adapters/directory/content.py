"""The content files of a directory store: written whole and synced, under random names."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

PIECE_BYTES = 256 * 1024


class Readable(Protocol):
    """Something with content."""

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes; nothing at the end."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A content file and what is in it; `etag` is the SHA-256 of that."""

    file: str
    size_bytes: int
    etag: str
    content_type: str


class ContentFiles:
    """The folder `content`, its files spread over 256 folders."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "content"

    def path(self, name: str) -> Path:
        """Where a file is, or would be."""
        return self._folder / name[:2] / name

    def new_name(self) -> str:
        """A name that no file has had before."""
        return uuid.uuid4().hex

    def write(self, name: str, source: Readable, content_type: str) -> Content:
        """Write all of a source to a new file and wait until the disk has it."""
        path = self.path(name)
        self._make_folder(path.parent)
        digest, size = hashlib.sha256(), 0
        try:
            with open(path, "xb", opener=_private) as stream:
                while piece := source.read(PIECE_BYTES):
                    digest.update(piece)
                    size += stream.write(piece)
                stream.flush()
                os.fsync(stream.fileno())
            _sync(path.parent)
        except BaseException:
            with suppress(OSError):
                path.unlink(missing_ok=True)
            raise
        return Content(
            file=name, size_bytes=size, etag=digest.hexdigest(), content_type=content_type
        )

    def open(self, name: str) -> BinaryIO:
        """A file for reading; it can be read to its end even when it is removed meanwhile."""
        return self.path(name).open("rb")

    def has(self, name: str) -> bool:
        """Whether the file is there."""
        return self.path(name).exists()

    def joined(self, names: Iterable[str]) -> Readable:
        """Several files, read as one."""
        return _Joined(pieces(self.open(name)) for name in names)

    def remove(self, name: str) -> None:
        """Remove a file; one that is gone already is done."""
        self.path(name).unlink(missing_ok=True)

    def _make_folder(self, folder: Path) -> None:
        if not folder.is_dir():
            self._folder.mkdir(mode=0o700, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
            _sync(self._folder)


class _Joined:
    """Gives the pieces as they come; `size` is not looked at."""

    def __init__(self, files: Iterable[Iterator[bytes]]) -> None:
        self._pieces = (piece for file in files for piece in file)

    def read(self, _size: int = -1, /) -> bytes:
        return next(self._pieces, b"")


def pieces(stream: BinaryIO) -> Iterator[bytes]:
    """A file's content in bounded pieces; the file is closed in the end."""
    with stream:
        while piece := stream.read(PIECE_BYTES):
            yield piece


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sync(folder: Path) -> None:
    """Wait until the disk has a folder's entries."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
