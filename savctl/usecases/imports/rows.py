"""Reading CSV and JSON lines row by row, plain or gzipped, each row with its line number.

Memory does not grow with the file. A row that cannot be read is a row with a `problem`; the
rows around it are read all the same. The raw text of every row is kept with it, so that bad
ones can be written to a file as they came.
"""

from __future__ import annotations

import csv
import gzip
import io
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TextIO, cast

from savctl.domain.strict_json import strict_json
from savctl.errors import InvalidInput

FORMATS = ("csv", "jsonl")
LONGEST_LINE = 8 * 1024 * 1024
_GZIP = b"\x1f\x8b"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_SUFFIXES = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}


@dataclass(frozen=True, slots=True)
class Record:
    """One row: its first line's number (from 1, the header counts), its raw text, its values.

    `values` is a list of cells (CSV) or an object (JSON lines); with a `problem` it is None.
    """

    line: int
    raw: str
    values: Any
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """A file being read: its header (None for JSON lines, with its raw line), and its rows."""

    form: str
    header: Sequence[str] | None
    raw_header: str
    records: Iterator[Record]


def format_of(name: str) -> str | None:
    """`csv` or `jsonl` by a file's name, or None."""
    suffixes = [suffix.lower() for suffix in Path(name).suffixes if suffix.lower() != ".gz"]
    return _SUFFIXES.get(suffixes[-1]) if suffixes else None


@contextmanager
def reading(path: Path | None, form: str, *, delimiter: str = ",") -> Iterator[Rows]:
    """The rows of a file, or of stdin for None; gzip is noticed by itself.

    Raises:
        InvalidInput: the file cannot be read, or has no header.
    """
    try:
        raw = cast("BinaryIO", sys.stdin.buffer) if path is None else path.open("rb")
    except OSError as problem:
        raise InvalidInput(f"cannot read {path}: {problem.strerror}") from None
    text = None
    try:
        text = _text(raw)
        yield _rows(text, form, delimiter)
    finally:
        if text is not None:
            text.detach()
        if path is not None:
            raw.close()


def _text(raw: BinaryIO) -> io.TextIOWrapper:
    if not hasattr(raw, "peek"):
        raw = io.BufferedReader(cast("io.RawIOBase", raw))
    try:
        start = cast("io.BufferedReader", raw).peek(2)[:2]
    except OSError as problem:
        raise InvalidInput(f"the file cannot be read: {problem.strerror}") from None
    if start in _UTF16:
        raise InvalidInput("the file is UTF-16; save it as UTF-8")
    plain = cast("BinaryIO", gzip.GzipFile(fileobj=raw)) if start == _GZIP else raw
    return io.TextIOWrapper(plain, "utf-8-sig", errors="surrogateescape", newline="")


def _rows(text: TextIO, form: str, delimiter: str) -> Rows:
    lines = _Lines(text)
    if form == "jsonl":
        return Rows("jsonl", None, "", _json_records(lines))
    first = next(_csv_records(lines, delimiter), None)
    if first is None or first.problem is not None:
        said = first.problem if first else "the file is empty"
        raise InvalidInput(f"the file has no header line: {said}")
    header = [str(name).strip() for name in first.values]
    return Rows("csv", header, first.raw, _checked(lines, delimiter, header))


class _Lines:
    """Lines with their numbers; `taken` are those of the record being read."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._again: list[str] = []
        self.number = 0
        self.taken: list[str] = []
        self.damage: str | None = None

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else self._read()
        if not line:
            raise StopIteration
        self.number += 1
        self.taken.append(line)
        return line

    def begin(self) -> int:
        """Start a record; answers the number its first line will have."""
        self.taken = []
        return self.number + 1

    def give_back(self) -> None:
        """All but the first line taken are to be read again."""
        again = self.taken[1:]
        self._again += reversed(again)
        self.number -= len(again)
        self.taken = self.taken[:1]

    def _read(self) -> str:
        try:
            line = self._text.readline(LONGEST_LINE)
            if len(line) < LONGEST_LINE:
                return line
            while (rest := self._text.readline(LONGEST_LINE)) and not rest.endswith("\n"):
                pass
        except (OSError, EOFError, zlib.error) as problem:  # BadGzipFile is an OSError
            self.damage = f"the file is damaged from here on: {problem}"
            return ""
        return line[:1_000] + "\0\n"  # refused for its NUL


def _checked(lines: _Lines, delimiter: str, header: Sequence[str]) -> Iterator[Record]:
    for record in _csv_records(lines, delimiter):
        if record.problem is None and len(record.values) != len(header):
            said = f"{len(record.values)} columns where the header has {len(header)}"
            yield Record(record.line, record.raw, None, said)
        else:
            yield record


def _csv_records(lines: _Lines, delimiter: str) -> Iterator[Record]:
    while True:
        # A reader that failed is left in the middle of its record: each failure needs a new one.
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        line = lines.begin()
        try:
            for cells in reader:
                if cells:
                    yield _record(line, "".join(lines.taken), cells)
                line = lines.begin()
        except csv.Error as problem:
            said = _csv_problem(problem, len(lines.taken))
            lines.give_back()
            yield Record(line, "".join(lines.taken), None, said)
            continue
        if lines.damage is not None:
            yield Record(line, "", None, lines.damage)
        return


def _csv_problem(problem: csv.Error, lines: int) -> str:
    """A row that goes wrong lines later began with a quote that was not meant as one."""
    said = str(problem)
    if lines > 1 or "unexpected end of data" in said or "field larger than" in said:
        return "a quote is opened and never closed"
    return f"no CSV: {said}"


def _json_records(lines: _Lines) -> Iterator[Record]:
    line = lines.begin()
    for raw in lines:
        if raw.strip():
            try:
                yield _record(line, raw, _object(raw))
            except InvalidInput as problem:
                yield Record(line, raw, None, problem.message)
        line = lines.begin()
    if lines.damage is not None:
        yield Record(line, "", None, lines.damage)


def _object(raw: str) -> dict[str, object]:
    value = strict_json(raw, "the line")
    if not isinstance(value, dict):
        raise InvalidInput("the line is JSON, but no object")
    return value


def _record(line: int, raw: str, values: Any) -> Record:
    if "\0" in raw:
        return Record(line, raw, None, "contains a NUL character, or is longer than 8 MiB")
    if not raw.isascii():
        try:
            raw.encode()
        except UnicodeEncodeError as problem:
            said = f"not UTF-8 (character {problem.start + 1} of the row)"
            return Record(line, raw, None, said)
    return Record(line, raw, values)
