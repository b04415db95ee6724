"""Rows of CSV that never take the inside of a cell for rows (rules 20.3).

A row that breaks the rules of CSV is refused whole. Where it ends is asked of every way in which
writers put quotes into cells: the rows behind it are read when all ways that make a whole row
of it agree. When they do not, or when a quote is never closed, nothing behind is certain, and
reading stops.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from savctl.domain.imports.csv_dialects import (
    BrokenRow,
    CsvRow,
    Dialect,
    NeedsMore,
    bent,
    read_row,
    sound_row,
    strict,
    value_of,
)
from savctl.usecases.imports.csv_text import CsvText
from savctl.usecases.imports.long_rows import RowSkipper
from savctl.usecases.imports.records import Record, record_of

MIB = 1024 * 1024
LONGEST_CELL = 16 * MIB  # characters, so that every cell of 16 MiB is read
LONGEST_ROW = 4 * LONGEST_CELL
# How far a broken row is followed; no way of writing is believed beyond it.
_FOLLOWED = LONGEST_CELL


class CsvRows:
    """Reads one file; `header` is set once it is known, and rows are held against it."""

    def __init__(self, source: CsvText, delimiter: str) -> None:
        self._source = source
        self._delimiter = delimiter
        self._strict = strict(delimiter)
        self.header: Sequence[str] | None = None

    def records(self) -> Iterator[Record]:
        """The rows from here on; the last one `stops` when what follows is not certain."""
        while (record := self._next()) is not None:
            if record.raw in _EMPTY_LINES:
                continue
            yield record
            if record.stops:
                return

    def _next(self) -> Record | None:
        source = self._source
        line = source.line
        row = sound_row(source.text, source.start, self._delimiter) or self._read(
            self._strict, LONGEST_ROW
        )
        if source.damage is not None and not self._is_ended(row):
            return Record(line, "", None, source.damage, stops=True)
        if source.is_whole and source.length == 0:
            return None
        if row is None:
            return self._skipped(line)
        if isinstance(row, BrokenRow):
            return self._broken(line, row)
        return self._sound(line, row)

    def _is_ended(self, row: CsvRow | BrokenRow | None) -> bool:
        """Whether a row ends in a line end, so that nothing of it is missing."""
        return isinstance(row, CsvRow) and self._source.text[: row.end].endswith(("\n", "\r"))

    def _read(self, dialect: Dialect, most: int) -> CsvRow | BrokenRow | None:
        """The row at hand in a dialect; None when it is longer than `most`."""
        source = self._source
        width = len(self.header) if self.header and dialect is not self._strict else None
        while True:
            try:
                return read_row(
                    source.text,
                    source.start,
                    dialect,
                    is_whole=source.is_whole,
                    most_cells=width,
                )
            except NeedsMore:
                if source.length > most:
                    return None
                source.read_on()

    def _sound(self, line: int, row: CsvRow) -> Record:
        source = self._source
        raw = source.text[source.start : row.end]
        problem = self._problem(row)
        if "\\" in raw and self._may_go_on(raw, is_wrong=problem is not None):
            return self._stopped(
                line,
                "a backslash before a quote or a line end may mean that the row continues; "
                "write a quote inside a cell twice",
            )
        if problem is not None and '"' in raw and not self._is_certain_behind(len(raw)):
            return self._stopped(line, f"{problem}, and a quote behind it is out of place")
        source.pass_to(source.start + len(raw))
        if problem is not None:
            return Record(line, raw, None, f"{problem}{self._extent(line)}")
        return record_of(line, raw, [value_of(cell) for cell in row.cells])

    def _problem(self, row: CsvRow) -> str | None:
        wanted = len(self.header) if self.header is not None else len(row.cells)
        if len(row.cells) != wanted:
            return f"{len(row.cells)} columns where the header has {wanted}"
        if row.end - self._source.start <= LONGEST_CELL:
            return None
        for column, cell in enumerate(row.cells, start=1):
            if len(value_of(cell)) > LONGEST_CELL:
                return f"{self._named(column)} is longer than {LONGEST_CELL // MIB} MiB"
        return None

    def _may_go_on(self, raw: str, *, is_wrong: bool) -> bool:
        """Whether a writer that escapes by backslashes would have ended this row elsewhere."""
        ends_escaped = raw.rstrip("\r\n").endswith("\\")
        if is_wrong and ends_escaped:
            return True
        if not (is_wrong or ends_escaped or '\\"' in raw):
            return False
        return bool(self._ends(bent(self._delimiter)[:2]) - {len(raw)})

    def _broken(self, line: int, why: BrokenRow) -> Record:
        """A row that is no CSV, up to where the file is certain again."""
        name = self._named(why.column)
        if why.is_open:
            return self._stopped(line, f"{name}: a quote is opened and never closed")
        problem = f"{name}: a quote inside a quoted cell is not written twice"
        ends = self._ends(bent(self._delimiter))
        if len(ends) != 1:
            return self._stopped(line, f"{problem}, so the end of the row is not certain")
        raw = self._source.pass_to(self._source.start + ends.pop())
        return Record(line, raw, None, f"{problem}{self._extent(line)}")

    def _ends(self, dialects: Sequence[Dialect]) -> set[int]:
        """Where the row may end, counted from its start, in the dialects that make a row of it."""
        ends = set()
        for dialect in dialects:
            row = self._read(dialect, _FOLLOWED)
            if isinstance(row, CsvRow) and self._fits(row):
                end = row.end - self._source.start
                if self._is_certain_behind(end, escapes_anywhere=dialect.escapes_anywhere):
                    ends.add(end)
        return ends

    def _is_certain_behind(self, length: int, *, escapes_anywhere: bool = False) -> bool:
        """Whether the next quote behind a row opens a cell, or is escaped as in the row.

        Where the row only seems to be over, the quote that really ends its cell comes next.
        """
        source = self._source
        while (at := source.text.find('"', source.start + length)) < 0:
            if source.is_whole or source.length > length + _FOLLOWED:
                return True
            source.read_on()
        before = (self._delimiter, "\n", "\r", *("\\" * escapes_anywhere))
        return at == source.start + length or source.text[at - 1] in before

    def _fits(self, row: CsvRow) -> bool:
        return self.header is None or len(row.cells) == len(self.header)

    def _skipped(self, line: int) -> Record:
        """A row too long to be held: read over, by the rules."""
        skipper = RowSkipper(self._delimiter)
        source = self._source
        while (end := skipper.end_in(source.text, source.start, is_whole=source.is_whole)) is None:
            if source.is_whole:
                source.pass_to(len(source.text))
                break
            if source.text.endswith("\r"):  # a \n behind it counts with it
                source.read_on()
            source.pass_to(len(source.text))
            source.read_on()
        else:
            source.pass_to(end)
        problem = f"the row is longer than {LONGEST_ROW // MIB} MiB{self._extent(line)}"
        if skipper.is_certain:
            return Record(line, "", None, problem)
        return Record(line, "", None, f"{problem}; {_STOPPED}", stops=True)

    def _stopped(self, line: int, problem: str) -> Record:
        return Record(line, "", None, f"{problem}; {_STOPPED}", stops=True)

    def _named(self, column: int) -> str:
        header = self.header or ()
        name = f" ({header[column - 1]})" if column <= len(header) else ""
        return f"column {column}{name}"

    def _extent(self, line: int) -> str:
        """Which lines a row takes that takes several."""
        last = self._source.line - 1
        return f" (lines {line} to {last})" if last > line else ""


_EMPTY_LINES = ("\n", "\r", "\r\n")
_STOPPED = "nothing from this line on was read"
