"""Sealed streams: chunks that can neither be cut short, reordered nor swapped."""

from __future__ import annotations

from savctl.domain.backup.sealing import (
    LONGEST_HEADER,
    MAGIC,
    TAG_BYTES,
    Cipher,
    SpoiledFile,
    new_cipher,
    read_cipher,
)
from savctl.domain.encryption.keys import KeyRing
from savctl.ports.backup_place import ByteSink, ByteSource


class SealedSink:
    """Seals what is written; `finish` writes the last chunk, without it the file is cut."""

    def __init__(self, sink: ByteSink, name: str, keys: KeyRing) -> None:
        self._sink = sink
        self._cipher = new_cipher(name, keys)
        self._kept = bytearray()
        self._number = 0
        sink.write(self._cipher.header)

    def write(self, data: bytes, /) -> None:
        """Take bytes."""
        self._kept += data
        size = self._cipher.chunk_bytes
        while len(self._kept) > size:  # a full one may be the last, which is sealed otherwise
            self._seal(bytes(self._kept[:size]), is_last=False)
            del self._kept[:size]

    def finish(self) -> None:
        """Seal the rest."""
        self._seal(bytes(self._kept), is_last=True)

    def _seal(self, data: bytes, *, is_last: bool) -> None:
        self._sink.write(self._cipher.seal(self._number, data, is_last=is_last))
        self._number += 1


class SealedSource:
    """Opens what is read; every byte that it gives was proved first."""

    def __init__(self, source: ByteSource, name: str, keys: KeyRing | None) -> None:
        self._source = Filled(source)
        self._cipher: Cipher = read_cipher(_header(self._source), name, keys)
        self._number = 0
        self._is_at_end = False
        self._kept = b""
        self._next = self._source.exactly(self._cipher.chunk_bytes + TAG_BYTES)

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes: of one chunk at a time."""
        if size < 0:
            return b"".join(iter(lambda: self.read(self._cipher.chunk_bytes), b""))
        while not self._kept and not self._is_at_end:
            self._open_next()
        piece, self._kept = self._kept[:size], self._kept[size:]
        return piece

    def _open_next(self) -> None:
        sealed = self._next
        self._next = self._source.exactly(self._cipher.chunk_bytes + TAG_BYTES)
        is_last = not self._next
        if is_last and len(sealed) < TAG_BYTES:
            raise SpoiledFile(f"it is cut short after chunk {self._number}")
        self._kept = self._cipher.open(self._number, sealed, is_last=is_last)
        self._number += 1
        self._is_at_end = is_last


class Filled:
    """A source that gives as many bytes as were asked for, but at its end."""

    def __init__(self, source: ByteSource) -> None:
        self._source = source

    def exactly(self, size: int) -> bytes:
        """So many bytes; fewer only at the end."""
        pieces: list[bytes] = []
        while size > 0 and (piece := self._source.read(size)):
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)


def _header(source: Filled) -> bytes:
    """Both lines, byte by byte: what follows is ciphertext."""
    header = source.exactly(len(MAGIC))
    if header != MAGIC:
        raise SpoiledFile("it is not a sealed file of a backup")
    while not header.endswith(b"\n") or len(header) == len(MAGIC):
        byte = source.exactly(1)
        if not byte or len(header) > LONGEST_HEADER:
            raise SpoiledFile("its header is damaged")
        header += byte
    return header
