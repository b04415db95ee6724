"""Files on their way in: copied aside, examined and scanned before anything is written.

What is checked is what is sent: the copy stands in one file without a name, so that nobody
changes it meanwhile and nothing of it is left when the process dies. Memory does not grow with
the files.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO, Self

from savctl.domain.files.attachments import examine, name_and_type
from savctl.domain.files.file_names import FileName, object_key, temporary_key
from savctl.domain.files.file_types import MB, FileRefused, FileType
from savctl.domain.text import plural
from savctl.errors import InvalidInput, Refused
from savctl.persistence.files.attachments import NewAttachment
from savctl.ports import Scanner
from savctl.usecases.batch.atomic_file import translating_scratch_errors

_PIECE = 262_144


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A file that may be attached, as it was checked."""

    name: FileName
    type: FileType
    size_bytes: int
    sha256: str
    shelf: BinaryIO
    at: int

    def open(self) -> BinaryIO:
        """Its content, from its beginning."""
        return _view(self.shelf, self.at, self.size_bytes)

    def key(self, ticket_id: int) -> str:
        """Where it stands in the bucket once it is on this ticket."""
        return object_key(ticket_id, self.sha256, self.name.extension)

    def temporary_key(self, session_id: str) -> str:
        """Where it stands in the bucket until then."""
        return temporary_key(session_id, self.sha256, self.name.extension)

    def record(self, ticket_id: int) -> NewAttachment:
        """What is stored of it."""
        return NewAttachment(
            original_name=self.name.original,
            filename=self.name.safe,
            file_path=self.key(ticket_id),
            mime_type=self.type.mime,
            file_size=self.size_bytes,
            sha256=self.sha256,
        )


class Staging:
    """The files of one command; `with Staging(scanner) as staging:` holds their copies.

    Args:
        scanner: None lets files in unscanned.
    """

    def __init__(self, scanner: Scanner | None) -> None:
        self._scanner = scanner
        with translating_scratch_errors():
            self._shelf: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the block
        self._end = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._shelf.close()

    def add(self, name: str, source: BinaryIO) -> Staged:
        """Copy, examine and scan a file; it is read no further than its type allows.

        Raises:
            FileRefused: `check` names the check that refused it.
            ScannerGone: there is no verdict of the scanner, so it is not let in.
            InvalidInput: it cannot be read.
            Unavailable: there is no room for the copy.
        """
        try:
            kind = name_and_type(name).type
            size, digest = self._copy(name, source, kind.limit_bytes)
            accepted = examine(name, _view(self._shelf, self._end, size), size_bytes=size)
            self._scan(_view(self._shelf, self._end, size))
        except FileRefused as refusal:
            raise refusal.of(name) from None
        staged = Staged(
            name=accepted.name,
            type=accepted.type,
            size_bytes=size,
            sha256=digest,
            shelf=self._shelf,
            at=self._end,
        )
        self._end += size
        return staged

    def add_all(self, sources: Iterable[tuple[str, BinaryIO]]) -> list[Staged]:
        """Every file, or none: one that is refused refuses them all.

        Raises:
            FileRefused: the first refusal, when there is one only.
            Refused: several were refused; the message names them.
        """
        staged: list[Staged] = []
        refused: list[FileRefused] = []
        for name, source in sources:
            try:
                staged.append(self.add(name, source))
            except FileRefused as refusal:
                refused.append(refusal)
        if len(refused) == 1:
            raise refused[0]
        if refused:
            reasons = "; ".join(refusal.message for refusal in refused[:20])
            raise Refused(
                f"{plural(len(refused), 'file')} refused: {reasons}", hint=refused[0].hint
            )
        return staged

    def _copy(self, name: str, source: BinaryIO, limit: int) -> tuple[int, str]:
        digest, size = hashlib.sha256(), 0
        with translating_scratch_errors():
            self._shelf.seek(self._end)
            while piece := _read(name, source):
                size += len(piece)
                if size > limit:
                    message = f"the file has over {limit // MB} MB, its type's limit"
                    raise FileRefused("size", message)
                digest.update(piece)
                self._shelf.write(piece)
            self._shelf.flush()
        return size, digest.hexdigest()

    def _scan(self, content: BinaryIO) -> None:
        if self._scanner is None:
            return
        threat = self._scanner.scan(content).threat
        if threat is not None:
            raise FileRefused(
                "malware",
                f"the scanner found {threat}",
                hint="Nothing was stored. Ask the customer to check their computer.",
            )


def _read(name: str, source: BinaryIO) -> bytes:
    try:
        return source.read(_PIECE)
    except OSError as problem:
        raise InvalidInput(f"cannot read {name}: {problem.strerror or problem}") from problem


class _Window(io.RawIOBase):
    """A part of a file as a file of its own; several may be read at once."""

    def __init__(self, shelf: BinaryIO, at: int, size: int) -> None:
        self._number, self._at, self._size, self._position = shelf.fileno(), at, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = max(0, start + offset)
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        wanted = min(len(buffer), max(0, self._size - self._position))
        piece = os.pread(self._number, wanted, self._at + self._position)
        buffer[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)


def _view(shelf: BinaryIO, at: int, size: int) -> BinaryIO:
    return io.BufferedReader(_Window(shelf, at, size), buffer_size=65_536)
