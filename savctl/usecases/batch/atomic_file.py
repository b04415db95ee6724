"""A file that is there whole or not at all, readable by its owner only.

It is written beside its place as `NAME.part`; a process that is killed leaves nothing else.
It is sealed (on the disk, its digest known) before it is released under its name, so that what
must be on record first can be written in between.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol, cast

from savctl.errors import (
    AlreadyRunning,
    InvalidInput,
    NeedsConfirmation,
    Unavailable,
    is_out_of_room,
)

Bytes = IO[bytes]
_MODE = 0o600
_NO_ROOM = (
    "Make room where it goes, and in the folder for temporary files, which TMPDIR moves; "
    "then run it again."
)


@dataclass(frozen=True, slots=True)
class FileDigest:
    """What was written."""

    size_bytes: int
    sha256: str


class AtomicFile(Protocol):
    """A file on its way."""

    stream: Bytes

    def finish(self) -> FileDigest:
        """Bring it to the disk and answer what it is; nothing is written after that."""
        ...

    def publish(self) -> None:
        """Let it be seen."""
        ...


@contextmanager
def new_file(path: Path, *, overwrite: bool) -> Iterator[AtomicFile]:
    """A new file at this place; without `publish` nothing is left of it.

    Raises:
        NeedsConfirmation: there is one already, and it is not to be overwritten.
        AlreadyRunning: another process is writing it.
        InvalidInput: nothing can be written there.
        Unavailable: there is no room for it.
    """
    _require_place(path, overwrite)
    part = path.with_name(f"{path.name}.part")
    with _translating(path):
        stream = _open_part(part)
        made = _OnDisk(path, part, stream, overwrite)
        try:
            yield made
        finally:
            if not made.is_released:
                with suppress(FileNotFoundError):
                    part.unlink()
            stream.close()


@contextmanager
def spooled(deliver: Callable[[Bytes], None]) -> Iterator[AtomicFile]:
    """A file without a name, given to `deliver` when it is released: for stdout and dry runs.

    Raises:
        Unavailable: there is no room for it, or none where it is delivered.
    """
    with translating_scratch_errors(), tempfile.TemporaryFile() as stream:
        yield _Spooled(cast("Bytes", stream), deliver)


@contextmanager
def translating_scratch_errors() -> Iterator[None]:
    """Trouble with files without a name in words; that of pipes passes."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as problem:
        raise Unavailable(
            f"cannot write: {problem.strerror or problem}",
            hint=_NO_ROOM,
        ) from problem


def _require_place(path: Path, overwrite: bool) -> None:
    try:
        there = path.lstat()
    except FileNotFoundError:
        return
    except OSError as problem:
        raise InvalidInput(f"cannot write {path}: {problem.strerror}") from None
    if not stat.S_ISREG(there.st_mode):
        raise InvalidInput(f"{path} is not a regular file", hint="Name a file; - is stdout.")
    if not overwrite:
        raise _exists(path)


def _exists(path: Path) -> NeedsConfirmation:
    return NeedsConfirmation(
        f"{path} exists; nothing was written", hint="Another name, or --force to overwrite it."
    )


def _open_part(part: Path) -> Bytes:
    """A new part file, locked.

    What a killed process left goes first, never its content: that may have the file's name as
    well by now, belong to somebody else, or be open elsewhere.
    """
    while True:
        try:
            stream = _locked(part, os.O_CREAT | os.O_EXCL)
        except FileExistsError:
            _remove_left(part)
            continue
        if stream is not None:
            os.fchmod(stream.fileno(), _MODE)
            return stream


def _remove_left(part: Path) -> None:
    with suppress(FileNotFoundError):  # its process ended well meanwhile
        left = _locked(part, 0)
        if left is not None:
            part.unlink()
            left.close()


def _locked(part: Path, how: int) -> Bytes | None:
    """The file of this name, locked; None when the name was given to another one meanwhile."""
    number = os.open(part, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | how, _MODE)
    stream = os.fdopen(number, "r+b")
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        stream.close()
        raise AlreadyRunning(f"{part} is being written by another process") from None
    if _is_still_there(part, number):
        return stream
    stream.close()
    return None


def _is_still_there(part: Path, number: int) -> bool:
    try:
        return os.path.samestat(part.lstat(), os.fstat(number))
    except FileNotFoundError:
        return False


def _seal(stream: Bytes) -> FileDigest:
    stream.flush()
    os.fsync(stream.fileno())
    stream.seek(0)
    digest = hashlib.file_digest(stream, "sha256")  # type: ignore[arg-type]
    return FileDigest(stream.tell(), digest.hexdigest())


class _OnDisk:
    def __init__(self, path: Path, part: Path, stream: Bytes, overwrite: bool) -> None:
        self.stream = stream
        self.is_released = False
        self._path = path
        self._part = part
        self._overwrite = overwrite

    def finish(self) -> FileDigest:
        return _seal(self.stream)

    def publish(self) -> None:
        if self._overwrite:
            self._part.replace(self._path)
        else:
            self._claim()
        self.is_released = True
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _claim(self) -> None:
        """Take the name, but not from a file that came meanwhile."""
        try:
            self._path.hardlink_to(self._part)
        except FileExistsError:
            raise _exists(self._path) from None
        except OSError:  # a file system without hard links
            if self._path.exists():
                raise _exists(self._path) from None
            self._part.replace(self._path)
        else:
            self._part.unlink()


class _Spooled:
    def __init__(self, stream: Bytes, deliver: Callable[[Bytes], None]) -> None:
        self.stream = stream
        self._deliver = deliver

    def finish(self) -> FileDigest:
        return _seal(self.stream)

    def publish(self) -> None:
        self.stream.seek(0)
        self._deliver(self.stream)


@contextmanager
def _translating(path: Path) -> Iterator[None]:
    """Trouble with this file in words; that of pipes and other files passes."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as problem:
        message = f"cannot write {path}: {problem.strerror or problem}"
        if is_out_of_room(problem):
            raise Unavailable(message, hint=_NO_ROOM) from problem
        raise InvalidInput(message) from problem
