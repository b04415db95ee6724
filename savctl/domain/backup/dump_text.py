"""What a dump is, read while it passes: rows and a checksum for each table, position, end.

The text of a dump is one moment of the database, so its own counts are those of that moment,
whatever others write meanwhile. A line break in a value is written as `\\n`: a line that begins
with INSERT is a statement. The checksum is over the rows as the dump has them, without how many of
them stand in a statement.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_MARK = re.compile(
    rb"^(?:INSERT INTO `(?P<rows>(?:[^`]|``)+)`[^\n]*? VALUES[ \n]"
    rb"|CREATE TABLE `(?P<table>(?:[^`]|``)+)`"
    rb"|-- CHANGE [A-Z ]+ TO [A-Z]+_LOG_FILE='(?P<file>[^']+)', [A-Z]+_LOG_POS=(?P<at>[0-9]+)"
    rb"|(?P<body>DELIMITER ;;)"
    rb"|(?P<end>-- Dump completed))",
    re.MULTILINE,
)
_TEXT = re.compile(rb"'[^'\\]*(?:\\.[^'\\]*)*'", re.DOTALL)
_BODY_END = b"\nDELIMITER ;\n"


@dataclass(slots=True)
class _Rows:
    rows: int = 0
    digest: Any = field(default_factory=hashlib.sha256)


class DumpMeter:
    """Reads a dump piece by piece; keeps one line at most."""

    def __init__(self) -> None:
        self.position: str | None = None
        self.is_complete = False
        self._tables: dict[str, _Rows] = {}
        self._kept = bytearray()
        self._table: _Rows | None = None
        self._is_in_body = False

    @property
    def tables(self) -> Mapping[str, dict[str, object]]:
        """Rows and checksum by table, in the order of the dump."""
        return {
            name: {"rows": table.rows, "checksum": table.digest.hexdigest()}
            for name, table in self._tables.items()
        }

    def feed(self, data: bytes) -> None:
        """The next piece."""
        end = data.rfind(b"\n") + 1
        if not end:
            self._kept += data
            return
        lines = bytes(self._kept) + data[:end]
        self._kept = bytearray(data[end:])
        self._read(lines)

    def _read(self, lines: bytes) -> None:
        at = 0
        while at < len(lines):
            if self._table is not None:
                at = self._read_rows(self._table, lines, at)
            elif self._is_in_body:
                at = self._read_body(lines, at)
            elif (mark := _MARK.search(lines, at)) is not None:
                at = self._read_mark(mark, lines)
            else:
                return

    def _read_mark(self, mark: re.Match[bytes], lines: bytes) -> int:
        if mark["rows"] is not None:
            self._table = self._of(mark["rows"])
            return mark.end()
        if mark["table"] is not None:
            self._of(mark["table"])
        elif mark["file"] is not None:
            self.position = f"{mark['file'].decode(errors='replace')}:{int(mark['at'])}"
        elif mark["body"] is not None:
            self._is_in_body = True
            return mark.end() - 1  # a line break may be all that stands between
        else:
            self.is_complete = True
        return lines.find(b"\n", mark.end()) + 1 or len(lines)

    def _read_rows(self, table: _Rows, lines: bytes, at: int) -> int:
        """Rows up to the end of their statement, or of the lines."""
        end = lines.find(b");\n", at)
        rows = lines[at:] if end < 0 else lines[at : end + 1] + b",\n"
        table.digest.update(rows)
        table.rows += _count(rows)
        if end < 0:
            return len(lines)
        self._table = None
        return end + 3

    def _read_body(self, lines: bytes, at: int) -> int:
        """The text of a trigger or a routine, which may look like anything."""
        end = lines.find(_BODY_END, max(at - 1, 0))
        if end < 0:
            if lines.startswith(_BODY_END[1:]):
                self._is_in_body = False
                return len(_BODY_END) - 1
            return len(lines)
        self._is_in_body = False
        return end + len(_BODY_END)

    def _of(self, name: bytes) -> _Rows:
        key = name.replace(b"``", b"`").decode(errors="replace")
        return self._tables.setdefault(key, _Rows())


def _count(rows: bytes) -> int:
    """How many rows: MariaDB writes a line for each, MySQL all of a statement in one."""
    lines = rows.count(b"\n")
    if lines > 1 or b"),(" not in rows:
        return lines
    return _TEXT.sub(b"", rows).count(b"),(") + 1
