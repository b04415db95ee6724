"""One row of CSV in a text, read by the rules of RFC 4180 or of writers that bend them.

Only `STRICT` gives values. The others answer where a row that breaks the rules would end, had its
writer escaped quotes in that way: rows behind it are taken only where all of them agree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

_LINE_END = "\r\n"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the inside of cells is read; the patterns begin behind the opening quote."""

    quoted: re.Pattern[str]
    plain: re.Pattern[str]
    delimiter: str
    goes_on_behind_quote: bool = False
    escapes_anywhere: bool = False  # a backslash outside of quotes escapes, too


@dataclass(frozen=True, slots=True)
class CsvRow:
    """A row: where it ends (its line end included), and its cells, still quoted."""

    end: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """Why there is no row: in which column (from 1), and whether its quote is never closed."""

    column: int
    is_open: bool


class NeedsMore(Exception):  # not an error: the text at hand ends inside the row
    """The text ends before the row does."""


@cache
def strict(delimiter: str) -> Dialect:
    """RFC 4180: a quote inside a quoted cell is written twice."""
    return Dialect(_pattern(r'[^"]*+(?:""[^"]*+)*+"'), _plain(delimiter), delimiter)


@cache
def _whole_row(delimiter: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    stop = re.escape(delimiter)
    cell = rf'"[^"]*+(?:""[^"]*+)*+"|[^"{stop}\r\n][^{stop}\r\n]*+|'
    row = _pattern(rf"(?:(?:{cell}){stop})*+(?:{cell})\r?\n")
    return row, _pattern(rf"({cell})(?:{stop}|\r?\n)")


@cache
def bent(delimiter: str) -> tuple[Dialect, ...]:
    """How else writers put quotes into cells."""
    stop = re.escape(delimiter)
    closes = rf'"(?=[{stop}\r\n]|\Z)'
    escaped = _pattern(r'(?:[^"\\]++|\\.|"")*+"')
    return (
        Dialect(escaped, _plain(delimiter), delimiter),  # \" inside quotes
        Dialect(  # \ everywhere
            escaped,
            _pattern(rf"(?:[^{stop}\r\n\\]++|\\.)*+"),
            delimiter,
            escapes_anywhere=True,
        ),
        Dialect(_pattern(rf".*?{closes}"), _plain(delimiter), delimiter),  # not at all
        Dialect(  # twice, and now and then not at all
            _pattern(rf'(?:[^"]++|""|(?!{closes})")*+"'), _plain(delimiter), delimiter
        ),
        Dialect(  # quoted in part: "so" and so
            _pattern(r'[^"]*+(?:""[^"]*+)*+"'), _plain(delimiter), delimiter, True
        ),
    )


def sound_row(text: str, start: int, delimiter: str) -> CsvRow | None:
    """What `read_row` answers for nearly every row, much quicker; None: ask it."""
    row, cell = _whole_row(delimiter)
    match = row.match(text, start)
    if match is None:
        return None
    found = match[0]
    if '"' in found:
        return CsvRow(match.end(), cell.findall(found))
    return CsvRow(match.end(), found.rstrip("\r\n").split(delimiter))


def read_row(
    text: str, start: int, dialect: Dialect, *, is_whole: bool, most_cells: int | None = None
) -> CsvRow | BrokenRow:
    """The row that begins at `start`; `is_whole` when nothing comes behind the text.

    With `most_cells` a row of more is unreadable.

    Raises:
        NeedsMore: the text ends inside the row.
    """
    cells: list[str] = []
    place = start
    while True:
        begin = place
        ended = _cell_end(text, begin, dialect, is_whole=is_whole)
        if ended is None or len(cells) == most_cells:
            return BrokenRow(len(cells) + 1, is_open=ended is None)
        place = ended
        cells.append(text[begin:place])
        if place == len(text):
            return CsvRow(place, cells)
        if text[place] == dialect.delimiter:
            place += 1
        elif text[place] in _LINE_END:
            return CsvRow(_line_end(text, place, is_whole=is_whole), cells)
        else:
            return BrokenRow(len(cells), is_open=False)


def value_of(cell: str) -> str:
    """What a cell that `STRICT` read holds."""
    return cell[1:-1].replace('""', '"') if cell[:1] == '"' else cell


def _cell_end(text: str, begin: int, dialect: Dialect, *, is_whole: bool) -> int | None:
    """Where a cell ends; None when its quote is never closed."""
    place = begin
    if text.startswith('"', begin):
        match = dialect.quoted.match(text, begin + 1)
        if match is None:
            if not is_whole:
                raise NeedsMore
            return None
        place = match.end()
    if place == begin or dialect.goes_on_behind_quote:
        match = dialect.plain.match(text, place)
        place = match.end() if match else place
    if place == len(text) and not is_whole:
        raise NeedsMore
    return place


def _line_end(text: str, place: int, *, is_whole: bool) -> int:
    if text[place] == "\n":
        return place + 1
    if place + 1 == len(text) and not is_whole:  # is a \n behind the \r?
        raise NeedsMore
    return place + 2 if text.startswith("\n", place + 1) else place + 1


def _plain(delimiter: str) -> re.Pattern[str]:
    return _pattern(rf"[^{re.escape(delimiter)}\r\n]*+")


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.DOTALL)
