"""A row of a file, whatever its format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Record:
    """One row: its first line's number (from 1, the header counts), its raw text, its values.

    `values` is a list of cells (CSV) or an object (JSON lines); with a `problem` it is None.
    `stops` marks a row behind which nothing was read, because nothing there is certain.
    """

    line: int
    raw: str
    values: Any
    problem: str | None = None
    stops: bool = False


def record_of(line: int, raw: str, values: Any) -> Record:
    """A row that was read, unless its characters cannot be stored."""
    if "\0" in raw:
        return Record(line, raw, None, "contains a NUL character")
    if not raw.isascii():
        try:
            raw.encode()
        except UnicodeEncodeError as problem:
            bad = f"not UTF-8 (character {problem.start + 1} of the row)"
            return Record(line, raw, None, bad)
    return Record(line, raw, values)
