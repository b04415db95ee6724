"""The sectors of an OLE2 compound file, and the table that chains them (MS-CFB 2.2 to 2.5)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

_MAX_TABLES = 16  # a file of 10 MB needs one
END_OF_CHAIN = 0xFFFFFFFA  # sector numbers from here on mean "end" or "none"


class Sectors:
    """The file as its header divides it.

    Raises:
        IndexError, struct.error: from every method, when the file is damaged.
    """

    def __init__(self, content: BinaryIO) -> None:
        self._content = content
        content.seek(0)
        header = content.read(512)
        shift = struct.unpack_from("<H", header, 30)[0]
        if shift not in {9, 12}:
            raise IndexError
        self.size: int = 1 << shift
        self.directory, self.smallest_stream = struct.unpack_from("<I4xI", header, 48)
        self._table = self._read_table(header)
        self._part: tuple[int, bytes] = (-1, b"")

    def read(self, number: int) -> bytes:
        """The bytes of one sector."""
        self._content.seek(self.place(number))
        raw = self._content.read(self.size)
        if len(raw) != self.size:
            raise IndexError
        return raw

    def place(self, number: int) -> int:
        """Where a sector stands in the file."""
        return (number + 1) * self.size

    def chain(self, first: int) -> Iterator[int]:
        """The sectors of one stream, in its order; a circle ends in an error."""
        sector, seen = first, set[int]()
        while sector < END_OF_CHAIN:
            if sector in seen:
                raise IndexError
            seen.add(sector)
            yield sector
            sector = self._behind(sector)

    def _behind(self, sector: int) -> int:
        at, index = divmod(sector, self.size // 4)
        part = self._table[at]
        if part >= END_OF_CHAIN:
            raise IndexError
        if self._part[0] != part:
            self._part = (part, self.read(part))
        found: int = struct.unpack_from("<I", self._part[1], index * 4)[0]
        return found

    def _read_table(self, header: bytes) -> list[int]:
        """Where the parts of the chaining table are: 109 in the header, more behind."""
        table = list(struct.unpack_from("<109I", header, 76))
        sector, count = struct.unpack_from("<2I", header, 68)
        for _ in range(min(count, _MAX_TABLES)):
            if sector >= END_OF_CHAIN:
                break
            *parts, sector = struct.unpack(f"<{self.size // 4}I", self.read(sector))
            table += parts
        return table
