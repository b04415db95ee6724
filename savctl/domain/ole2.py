"""The directory of an OLE2 compound file: what tells .doc from .xls, and a macro from none.

Only the directory is read. The file is a small file system: sectors, a table that chains them,
and a directory of entries that are a tree for each storage.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from savctl.domain.file_types import FileRefused

MACRO_NAMES = frozenset({"macros", "vba", "_vba_project", "_vba_project_cur"})
# The same as it stands in the directory of a file inside an archive.
MACRO_BYTES = "_VBA_PROJECT".encode("utf-16-le")
_MAX_ENTRIES = 10_000
_MAX_TABLES = 16  # a file of 10 MB needs one
_LAST = 0xFFFFFFFA  # sector numbers from here on mean "end" or "none"
_NONE = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    left: int
    right: int
    child: int


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
        entries = _entries(content)
        top = _siblings(entries, entries[0].child)
    except (struct.error, IndexError, UnicodeDecodeError):
        raise FileRefused("content", "the document is damaged: no directory") from None
    return Directory(frozenset(entries[at].name for at in top), frozenset(e.name for e in entries))


def _entries(content: BinaryIO) -> list[_Entry]:
    content.seek(0)
    header = content.read(512)
    shift, first = struct.unpack_from("<H", header, 30)[0], struct.unpack_from("<I", header, 48)[0]
    if shift not in {9, 12}:
        raise IndexError
    size = 1 << shift
    table = _table(content, header, size)
    entries: list[_Entry] = []
    sector, seen = first, set[int]()
    while sector < _LAST:
        if sector in seen or len(entries) > _MAX_ENTRIES:
            raise IndexError
        seen.add(sector)
        raw = _sector(content, sector, size)
        entries += [_entry(raw, at) for at in range(0, size, 128)]
        sector = _next(content, table, sector, size)
    return entries


def _entry(raw: bytes, at: int) -> _Entry:
    length = struct.unpack_from("<H", raw, at + 64)[0]
    name = raw[at : at + max(0, min(length, 64) - 2)].decode("utf-16-le")
    left, right, child = struct.unpack_from("<3I", raw, at + 68)
    return _Entry(name.lower(), left, right, child)


def _table(content: BinaryIO, header: bytes, size: int) -> list[int]:
    """Where the parts of the chaining table are: 109 in the header, more behind."""
    table = list(struct.unpack_from("<109I", header, 76))
    sector, count = struct.unpack_from("<2I", header, 68)
    for _ in range(min(count, _MAX_TABLES)):
        if sector >= _LAST:
            break
        *parts, sector = struct.unpack(f"<{size // 4}I", _sector(content, sector, size))
        table += parts
    return table


def _next(content: BinaryIO, table: list[int], sector: int, size: int) -> int:
    """The sector behind this one."""
    per = size // 4
    fat = table[sector // per]
    if fat >= _LAST:
        raise IndexError
    found: int = struct.unpack_from("<I", _sector(content, fat, size), sector % per * 4)[0]
    return found


def _sector(content: BinaryIO, number: int, size: int) -> bytes:
    content.seek((number + 1) * size)
    raw = content.read(size)
    if len(raw) != size:
        raise IndexError
    return raw


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
