"""The directory of an OLE2 compound file: what distinguishes .doc from .xls, and finds macros.

The file is a small file system: sectors, a table that chains them, and a directory of entries
that are a tree for each storage. Of the streams only their places are read.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from savctl.domain.files.file_types import FileRefused
from savctl.domain.files.ole2_sectors import Sectors

MACRO_NAMES = frozenset({"macros", "vba", "_vba_project", "_vba_project_cur"})
# The same as it stands in the directory of a file inside an archive.
MACRO_BYTES = "_VBA_PROJECT".encode("utf-16-le")
_MAX_ENTRIES = 10_000
_NONE = 0xFFFFFFFF
_STREAM, _ROOT = 2, 5


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    kind: int
    left: int
    right: int
    child: int
    first: int
    length: int


@dataclass(frozen=True, slots=True)
class Directory:
    """The names right below the root, and every name there is; all in lower case."""

    top: frozenset[str]
    all: frozenset[str]

    @property
    def is_word(self) -> bool:
        """Whether it is a Word document and no workbook as well."""
        return "worddocument" in self.top and not self.top & {"workbook", "book"}

    @property
    def has_macros(self) -> bool:
        """Whether there is a storage of macros anywhere."""
        return bool(self.all & MACRO_NAMES)


def directory(content: BinaryIO) -> Directory:
    """The directory.

    Raises:
        FileRefused: the file is damaged, or made to deceive.
    """
    try:
        entries = _entries(Sectors(content))
        top = _siblings(entries, entries[0].child)
    except (struct.error, IndexError, UnicodeDecodeError):
        raise FileRefused("content", "the document is damaged: no directory") from None
    return Directory(frozenset(entries[at].name for at in top), frozenset(e.name for e in entries))


def is_encrypted(content: BinaryIO) -> bool:
    """Whether it is the container that Office puts a document with a password into."""
    try:
        return "encryptedpackage" in directory(content).top
    except FileRefused:
        return False


def stream_spans(content: BinaryIO) -> list[tuple[int, int]]:
    """Where the file holds the bytes of its streams, in order, joined where they meet.

    What lies elsewhere belongs to nothing: behind the last sector, in free ones, behind the end
    of a stream in its last one.
    """
    spans: list[tuple[int, int]] = []
    try:
        sectors = Sectors(content)
        for entry in _entries(sectors):
            # Small streams lie in the one of the root.
            if entry.kind == _ROOT or (
                entry.kind == _STREAM and entry.length >= sectors.smallest_stream
            ):
                spans += _spans(sectors, entry)
    except (struct.error, IndexError, UnicodeDecodeError):
        pass  # what was found until here
    return _joined(sorted(spans))


def _spans(sectors: Sectors, entry: _Entry) -> list[tuple[int, int]]:
    left, spans = entry.length, []
    for sector in sectors.chain(entry.first):
        if left <= 0:
            break
        place = sectors.place(sector)
        spans.append((place, place + min(left, sectors.size)))
        left -= sectors.size
    return spans


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for begins, ends in spans:
        if joined and begins <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(ends, joined[-1][1]))
        else:
            joined.append((begins, ends))
    return joined


def _entries(sectors: Sectors) -> list[_Entry]:
    entries: list[_Entry] = []
    for sector in sectors.chain(sectors.directory):
        raw = sectors.read(sector)
        entries += [_entry(raw, at, sectors.size) for at in range(0, sectors.size, 128)]
        if len(entries) > _MAX_ENTRIES:
            raise IndexError
    return entries


def _entry(raw: bytes, at: int, sector_size: int) -> _Entry:
    length, kind = struct.unpack_from("<HB", raw, at + 64)
    name = raw[at : at + max(0, min(length, 64) - 2)].decode("utf-16-le")
    left, right, child = struct.unpack_from("<3I", raw, at + 68)
    first, low, high = struct.unpack_from("<3I", raw, at + 116)
    # Files of small sectors may have anything in the upper half of the length.
    size = low if sector_size == 512 else high << 32 | low
    return _Entry(name.lower(), kind, left, right, child, first, size)


def _siblings(entries: list[_Entry], root: int) -> set[int]:
    """Every entry of one storage: a tree by left and right."""
    found: set[int] = set()
    waiting = [root]
    while waiting:
        at = waiting.pop()
        if at == _NONE or at in found:
            continue
        found.add(at)
        waiting += (entries[at].left, entries[at].right)
    return found
