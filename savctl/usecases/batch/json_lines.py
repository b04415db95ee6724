"""Files of JSON lines that a person can read and shorten: the plans of jobs and bulk commands."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from savctl.domain.imports.strict_json import strict_json
from savctl.errors import InvalidInput
from savctl.usecases.batch.atomic_file import new_file

_LONGEST = 16 * 1024 * 1024  # bytes of a line; what is longer is read as several and is no JSON


def json_line(row: Mapping[str, object]) -> bytes:
    """One row; what a terminal could act on is escaped, as everything that is not ASCII."""
    return f"{json.dumps(row)}\n".encode()


def write_lines(path: Path, lines: Iterable[bytes], *, overwrite: bool) -> None:
    """Write them into a file that is there whole or not at all.

    Raises:
        NeedsConfirmation: the file exists, and `overwrite` does not replace it.
        InvalidInput: it cannot be written.
        Unavailable: there is no room for it.
    """
    with new_file(path, overwrite=overwrite) as file:
        file.stream.writelines(lines)
        file.finish()
        file.publish()


def read_lines(path: Path) -> Iterator[tuple[str, bytes]]:
    """Each line as it is, with its place for messages.

    Raises:
        InvalidInput: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            number = 0
            while raw := file.readline(_LONGEST):
                number += 1
                yield f"{path} line {number}", raw
    except OSError as problem:
        raise InvalidInput(f"cannot read {path}: {problem.strerror}") from None


def json_object(raw: bytes, place: str) -> dict[str, Any]:
    """The object that a line holds.

    Raises:
        InvalidInput: it holds none.
    """
    try:
        value = strict_json(raw.decode(), place)
    except UnicodeDecodeError:
        raise InvalidInput(f"{place} is not UTF-8 text") from None
    if not isinstance(value, dict):
        raise InvalidInput(f"{place} is JSON, but no object")
    return value
