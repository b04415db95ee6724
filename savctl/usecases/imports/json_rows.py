"""Rows of JSON lines: a line each."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import TextIO

from savctl.domain.imports.strict_json import strict_json
from savctl.errors import InvalidInput
from savctl.usecases.imports.records import Record, record_of

LONGEST_LINE = 32 * 1024 * 1024  # characters; a text of 16 MiB may be escaped in it


def json_records(text: TextIO) -> Iterator[Record]:
    """The lines of a file, each an object; empty lines are passed over."""
    number = 0
    while True:
        number += 1
        try:
            line = text.readline(LONGEST_LINE)
            is_cut = len(line) == LONGEST_LINE and not line.endswith("\n")
            if is_cut:
                _to_the_end_of_the_line(text)
        except (OSError, EOFError, zlib.error) as problem:  # BadGzipFile is an OSError
            damage = f"the file is damaged from here on: {problem}"
            yield Record(number, "", None, damage, stops=True)
            return
        if not line:
            return
        if is_cut:
            size = LONGEST_LINE // (1024 * 1024)
            yield Record(number, "", None, f"the line is longer than {size} MiB")
        elif line.strip():
            yield _record(number, line)


def _record(number: int, line: str) -> Record:
    try:
        return record_of(number, line, _object(line))
    except InvalidInput as problem:
        return Record(number, line, None, problem.message)


def _object(line: str) -> dict[str, object]:
    value = strict_json(line, "the line")
    if not isinstance(value, dict):
        raise InvalidInput("the line is JSON, but no object")
    return value


def _to_the_end_of_the_line(text: TextIO) -> None:
    while (rest := text.readline(LONGEST_LINE)) and not rest.endswith(("\n", "\r")):
        pass
