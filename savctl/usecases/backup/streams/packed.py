"""A file of a backup: compressed, sealed when there are keys, counted, in bounded memory.

Without keys it is a plain zstd file that `zstd -d` reads.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, cast

from savctl.domain.backup.sealing import SpoiledFile
from savctl.domain.encryption.keys import KeyRing
from savctl.ports.backup_place import ByteSink, ByteSource
from savctl.usecases.sealing.streams import SealedSink, SealedSource

if TYPE_CHECKING:
    from savctl.ports.backup_place import BackupPlace

LEVEL = 3
SEALED_SUFFIX = ".enc"
_PIECE_BYTES = 256 * 1024
_MARK_BYTES = 64


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What the place has: the name, and size and SHA-256 of the bytes as they are stored."""

    name: str
    size_bytes: int
    sha256: str


class CountedSink:
    """Counts and digests what passes."""

    def __init__(self, sink: ByteSink) -> None:
        self._sink = sink
        self._digest = hashlib.sha256()
        self.size_bytes = 0

    @property
    def sha256(self) -> str:
        """The digest of what passed."""
        return self._digest.hexdigest()

    def write(self, data: bytes, /) -> None:
        """Pass it on."""
        self._digest.update(data)
        self.size_bytes += len(data)
        self._sink.write(data)


class CountedSource:
    """Counts and digests what is read."""

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._digest = hashlib.sha256()
        self.size_bytes = 0

    @property
    def sha256(self) -> str:
        """The digest of what was read."""
        return self._digest.hexdigest()

    def read(self, size: int = -1, /) -> bytes:
        """Read on."""
        data = self._source.read(size)
        self._digest.update(data)
        self.size_bytes += len(data)
        return data


class PackedSink:
    """Takes plain bytes; `stored` is known when the block of `writing` has ended."""

    def __init__(self, sink: ByteSink, name: str, keys: KeyRing | None) -> None:
        import zstandard

        self._name = name
        self._counted = CountedSink(sink)
        self._sealed = SealedSink(self._counted, name, keys) if keys else None
        self._below: ByteSink = self._sealed or self._counted
        packer = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
        self._packer = packer.compressobj()
        self.plain_bytes = 0

    @property
    def stored(self) -> StoredFile:
        """What was written."""
        return StoredFile(self._name, self._counted.size_bytes, self._counted.sha256)

    def write(self, data: bytes, /) -> None:
        """Take plain bytes."""
        self.plain_bytes += len(data)
        self._put(self._packer.compress(data))

    def finish(self) -> None:
        """Write what is kept back."""
        self._put(self._packer.flush())
        if self._sealed is not None:
            self._sealed.finish()

    def _put(self, packed: bytes) -> None:
        if packed:
            self._below.write(packed)


class PackedSource:
    """Gives plain bytes, proved chunk by chunk when they are sealed."""

    def __init__(self, source: ByteSource, name: str, keys: KeyRing | None) -> None:
        self._counted = CountedSource(source)
        is_sealed = name.endswith(SEALED_SUFFIX)
        below = SealedSource(self._counted, name, keys) if is_sealed else self._counted
        self._name = name
        self._pieces = _unpacked(below)
        self._kept = memoryview(b"")

    @property
    def stored(self) -> StoredFile:
        """What was read of the place so far; all of it once `read` gave nothing."""
        return StoredFile(self._name, self._counted.size_bytes, self._counted.sha256)

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` plain bytes.

        Raises:
            SpoiledFile: it is not what was written.
        """
        if size < 0:
            return b"".join(iter(lambda: self.read(_PIECE_BYTES), b""))
        while not self._kept:
            if (piece := next(self._pieces, None)) is None:
                return b""
            self._kept = memoryview(piece)
        taken, self._kept = bytes(self._kept[:size]), self._kept[size:]
        return taken


@contextmanager
def writing(place: BackupPlace, name: str, keys: KeyRing | None) -> Iterator[PackedSink]:
    """Write a file: it has its name only when the block has ended well.

    `name` ends with `.enc` exactly when there are keys; it is what the seal is bound to.
    """
    if name.endswith(SEALED_SUFFIX) != (keys is not None):
        raise ValueError(f"{name}: sealed files end with {SEALED_SUFFIX}, others do not")
    with place.write(name) as sink:
        packed = PackedSink(sink, name, keys)
        yield packed
        packed.finish()


@contextmanager
def reading(place: BackupPlace, name: str, keys: KeyRing | None) -> Iterator[PackedSource]:
    """Read a file; `keys` may be None for one that is not sealed.

    Raises:
        KeyMissing: the key that sealed it is not there.
        SpoiledFile: it is not what was written; met at the latest where its end is read.
        NoSuchBackupFile: there is none of this name.
    """
    with place.read(name) as source, _naming(name):
        yield PackedSource(source, name, keys)


@contextmanager
def _naming(name: str) -> Iterator[None]:
    try:
        yield
    except SpoiledFile as problem:
        if name in problem.message:
            raise
        raise SpoiledFile(
            f"{name} is spoiled: {problem.message}",
            hint="Use another backup: savctl backup list.",
            file=name,
        ) from problem


def _unpacked(below: ByteSource) -> Iterator[bytes]:
    """The plain pieces, each of a bounded size, whatever a few bytes stand for.

    zstandard's reader does not say whether its input was whole. So a mark is compressed behind
    it: where the input was cut, the mark is not what comes last.
    """
    import zstandard

    mark = os.urandom(_MARK_BYTES // 4) * 4  # so that its compressed form never has it as it is
    marked = _Followed(below, zstandard.ZstdCompressor().compress(mark))
    source = cast("IO[bytes]", marked)  # it reads, and that is all it does
    reader = zstandard.ZstdDecompressor().stream_reader(source, read_across_frames=True)
    kept = b""
    try:
        while plain := reader.read(_PIECE_BYTES):
            kept += plain
            yield kept[:-_MARK_BYTES]
            kept = kept[-_MARK_BYTES:]
    except zstandard.ZstdError as problem:
        raise SpoiledFile(f"it is cut short or damaged ({problem})") from None
    if kept != mark:
        raise SpoiledFile("it is cut short or damaged")


class _Followed:
    """A source, and some bytes behind it."""

    def __init__(self, source: ByteSource, last: bytes) -> None:
        self._source = source
        self._last = last

    def read(self, size: int = -1, /) -> bytes:
        data = self._source.read(size)
        if not data:
            data, self._last = self._last, b""
        return data
