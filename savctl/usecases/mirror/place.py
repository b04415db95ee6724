"""The place of the mirror: names, contents that are sealed or not, removal for good.

Content lies under its digest as it is in the bucket, so that a person can copy it back without
savctl. Sealed content begins with a header that names its own place: no other content can, as it
would have to hold its own SHA-256.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from savctl.domain.backup.mirrored import MirrorSpoiled
from savctl.domain.backup.sealing import LONGEST_HEADER, MAGIC, SpoiledFile
from savctl.domain.encryption.keys import KeyRing
from savctl.ports.backup_place import BackupPlace, ByteSource, NoSuchBackupFile
from savctl.usecases.sealing.streams import SealedSink, SealedSource

OBJECTS = "objects/"
INDEX = "index/"
UNFINISHED = "unfinished"  # there while a run copies: what it leaves when killed is swept
_PIECE_BYTES = 256 * 1024
_HEX = "0123456789abcdef"


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorPlace:
    """A folder or a bucket; `keys` answers the keys there are, `seals` whether to use them."""

    files: BackupPlace
    seals: bool = False
    keys: Callable[[], KeyRing | None] = lambda: None

    @property
    def name(self) -> str:
        """As it is named to people."""
        return self.files.describe()

    def put(self, name: str, content: BinaryIO) -> None:
        """Store content from where it stands to its end, whole or not at all.

        Raises:
            KeysUnusable: it is to be sealed, and there is no key.
        """
        keys = self.keys() if self.seals else None
        with self.files.write(name) as sink:
            sealed = SealedSink(sink, name, keys) if keys is not None else None
            target = sealed or sink
            while piece := content.read(_PIECE_BYTES):
                target.write(piece)
            if sealed is not None:
                sealed.finish()

    @contextmanager
    def read(self, name: str) -> Iterator[Iterator[bytes]]:
        """The content in bounded pieces, as it was given to `put`.

        Raises:
            NoSuchBackupFile: there is none.
            MirrorSpoiled: it is sealed and damaged.
            KeyMissing: the key that sealed it is not there.
        """
        try:
            with self.files.read(name) as raw:
                source, is_sealed = _sniffed(raw, name)
                below = SealedSource(source, name, self.keys()) if is_sealed else source
                yield iter(lambda: below.read(_PIECE_BYTES), b"")
        except SpoiledFile as problem:
            raise MirrorSpoiled(f"{name} in the mirror is spoiled: {problem.message}") from None

    def names(self, prefix: str) -> Iterator[str]:
        """Every name that begins with `prefix`."""
        return (file.name for file in self.files.names(prefix))

    def contents(self) -> Iterator[str]:
        """The digests of every content, a sixteenth of them in memory at a time."""
        for digit in _HEX:
            for name in self.names(OBJECTS + digit):
                yield name.removeprefix(OBJECTS)

    def has(self, name: str) -> bool:
        """Whether there is content of this name."""
        try:
            with self.files.read(name):
                return True
        except NoSuchBackupFile:
            return False

    def remove(self, name: str) -> None:
        """Remove it for good, older versions as well; one that is gone already is done."""
        self.files.remove(name)


def object_name(sha256: str) -> str:
    """Where content of this digest lies."""
    return OBJECTS + sha256


class _Rewound:
    """A source whose first bytes are read once more."""

    def __init__(self, first: bytes, rest: ByteSource) -> None:
        self._first = first
        self._rest = rest

    def read(self, size: int = -1, /) -> bytes:
        if not self._first:
            return self._rest.read(size)
        piece, self._first = (
            (self._first, b"") if size < 0 else (self._first[:size], self._first[size:])
        )
        return piece + self._rest.read(size) if size < 0 else piece


def _sniffed(source: ByteSource, name: str) -> tuple[ByteSource, bool]:
    """The source from its beginning, and whether its header says that it is this file, sealed."""
    first = _up_to(source, len(MAGIC))
    if first != MAGIC:
        return _Rewound(first, source), False
    while not first.endswith(b"\n") or len(first) == len(MAGIC):
        byte = source.read(1)
        first += byte
        if not byte or len(first) > LONGEST_HEADER:
            return _Rewound(first, source), False
    return _Rewound(first, source), _named(first.removeprefix(MAGIC)) == name


def _up_to(source: ByteSource, size: int) -> bytes:
    found = b""
    while len(found) < size and (piece := source.read(size - len(found))):
        found += piece
    return found


def _named(line: bytes) -> object:
    try:
        return json.loads(line).get("name")
    except (ValueError, AttributeError):
        return None
