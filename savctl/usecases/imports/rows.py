"""Reading CSV and JSON lines row by row, plain or gzipped, each row with its line number.

Memory does not grow with the file. A row that cannot be read is a row with a `problem`; the
rows around it are read all the same, as far as it is certain where they are. The raw text of
every row is kept with it, so that bad ones can be written to a file as they came.
"""

from __future__ import annotations

import gzip
import io
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from savctl.errors import InvalidInput
from savctl.usecases.imports.csv_rows import CsvRows
from savctl.usecases.imports.csv_text import CsvText
from savctl.usecases.imports.json_rows import json_records
from savctl.usecases.imports.records import Record

FORMATS = ("csv", "jsonl")
_GZIP = b"\x1f\x8b"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_SUFFIXES = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}


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
    if form == "jsonl":
        return Rows("jsonl", None, "", json_records(text))
    found = CsvRows(CsvText(text), delimiter)
    records = found.records()
    first = next(records, None)
    if first is None or first.problem is not None:
        why = first.problem if first else "the file is empty"
        raise InvalidInput(f"the file has no header line: {why}")
    found.header = [str(name).strip() for name in first.values]
    return Rows("csv", found.header, first.raw, records)
