"""The mirror's index: pieces of JSON lines under `index/`, newest last.

    00000007-….full.jsonl.zst   everything up to here; pieces with smaller numbers are void
    00000008-….jsonl.zst        what was added, or taken back, since

Pieces are only written by who holds the lease `mirror-index`, so their numbers never tie. Each
process keeps what it read, and reads what is new.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from uuid import uuid4

from savctl.domain.backup.mirrored import GoneKey, IndexLine, MirrorSpoiled, read_line
from savctl.persistence.backups.mirror_scratch import MirrorScratch
from savctl.ports.backup_place import NoSuchBackupFile
from savctl.usecases.mirror.place import INDEX, MirrorPlace

_SPOOL_BYTES = 8 * 1024**2
_NAME = re.compile(r"index/([0-9]{8})-[0-9a-f]{8}(\.full)?\.jsonl\.zst")
_READS = 5  # another host may write the index anew while it is read


@dataclass(frozen=True, slots=True, order=True)
class IndexPiece:
    """One piece by its name."""

    number: int
    name: str
    is_full: bool = False


@dataclass(slots=True)
class MirrorIndex:
    """What the mirror holds. Closed by its owner."""

    place: MirrorPlace
    scratch: MirrorScratch = field(default_factory=MirrorScratch)
    read_up_to: int = 0
    is_compact: bool = False
    number_of_pieces: int = 0

    def close(self) -> None:
        """Give the scratch file back."""
        self.scratch.close()

    def refresh(self) -> bool:
        """Read what was written since; answers whether somebody else wrote.

        Raises:
            MirrorSpoiled: a piece is damaged; `name` stands in the message.
        """
        before = self.read_up_to
        for attempt in range(_READS):
            try:
                self._read(list(self.pieces()))
                break
            except NoSuchBackupFile:
                if attempt == _READS - 1:
                    raise
        return self.read_up_to != before

    def append(self, lines: Iterable[IndexLine]) -> None:
        """Write a piece with these lines; the lease is held and `refresh` was called."""
        kept = list(lines)
        self._write(kept, ".jsonl.zst")
        self.scratch.apply(kept)
        self.is_compact = False
        self.number_of_pieces += 1

    def compact(self) -> None:
        """Write the whole index as one piece and remove the others; the lease is held."""
        if self.is_compact:
            return
        old = list(self.pieces())
        self._write(self.scratch.entries(), ".full.jsonl.zst")
        for piece in old:
            self.place.remove(piece.name)
        self.is_compact, self.number_of_pieces = True, 1

    def pieces(self) -> Iterator[IndexPiece]:
        """The pieces that lie there, in no order."""
        for name in self.place.names(INDEX):
            found = _NAME.fullmatch(name)
            if found:
                yield IndexPiece(int(found[1]), name, found[2] is not None)

    def _read(self, pieces: list[IndexPiece]) -> None:
        start = max((piece.number for piece in pieces if piece.is_full), default=0)
        if start > self.read_up_to:
            self.scratch.clear()
            self.read_up_to = start - 1
        new = sorted(piece for piece in pieces if piece.number > self.read_up_to)
        for piece in new:
            self.scratch.apply(self._lines(piece.name))
            self.read_up_to = piece.number
        self.number_of_pieces = len(pieces)
        self.is_compact = len(pieces) <= 1 and all(piece.is_full for piece in pieces)

    def _lines(self, name: str) -> Iterator[IndexLine]:
        with self.place.read(name) as packed:
            for line in _split(_unpacked(packed, name), name):
                yield read_line(line, source=name)

    def _write(self, lines: Iterable[IndexLine], suffix: str) -> None:
        from zstandard import ZstdCompressor

        number = self.read_up_to + 1
        name = f"{INDEX}{number:08d}-{uuid4().hex[:8]}{suffix}"
        with SpooledTemporaryFile(_SPOOL_BYTES) as spool:
            compressor = ZstdCompressor(level=3, write_checksum=True)
            with compressor.stream_writer(spool, closefd=False) as stream:
                for line in lines:
                    stream.write(line.line.encode() + b"\n")
            spool.seek(0)
            self.place.put(name, spool)  # type: ignore[arg-type]
        self.read_up_to = number


def gone(keys: Iterable[str]) -> list[IndexLine]:
    """The lines that take keys back."""
    return [GoneKey(key) for key in keys]


@contextmanager
def opened(place: MirrorPlace) -> Iterator[MirrorIndex]:
    """The index, read."""
    index = MirrorIndex(place)
    try:
        index.refresh()
        yield index
    finally:
        with suppress(Exception):
            index.close()


def _unpacked(packed: Iterator[bytes], name: str) -> Iterator[bytes]:
    """The plain pieces; a frame that ends too early is damage."""
    from zstandard import ZstdDecompressor, ZstdError

    unpacker = ZstdDecompressor().decompressobj()
    try:
        for piece in packed:
            yield unpacker.decompress(piece)
    except ZstdError as problem:
        raise MirrorSpoiled(f"{name} in the mirror is damaged: {problem}") from None
    if not unpacker.eof:
        raise MirrorSpoiled(f"{name} in the mirror is cut short")


def _split(pieces: Iterator[bytes], name: str) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield from lines
    if rest:
        raise MirrorSpoiled(f"{name} in the mirror ends in the middle of a line")
