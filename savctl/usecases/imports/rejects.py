"""The bad rows of an import, as they came, in a file for a second try."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from savctl.errors import InvalidInput
from savctl.private_files import private_opener
from savctl.usecases.imports.records import Record
from savctl.usecases.imports.rows import Rows


@contextmanager
def keeping_rejects(path: Path | None, rows: Rows) -> Iterator[Callable[[Record, str], None]]:
    """What to call with each bad row; the file is made for the first one.

    A CSV file begins with the header of the one that was read. None keeps nothing.

    Raises:
        InvalidInput: the file exists already, or cannot be written.
    """
    if path is not None and path.exists():
        raise InvalidInput(f"{path} exists already", hint="Name a new file for the bad rows.")
    opened: list[TextIO] = []

    def keep(record: Record, _reason: str) -> None:
        if path is None:
            return
        if not opened:
            opened.append(_opened(path))
            opened[0].write(_ended(rows.raw_header))
        opened[0].write(_ended(record.raw))

    try:
        yield keep
    finally:
        for out in opened:
            out.close()


def _opened(path: Path) -> TextIO:
    try:
        return open(
            path,
            "x",
            encoding="utf-8",
            errors="surrogateescape",
            newline="",
            opener=private_opener,
        )
    except OSError as problem:
        raise InvalidInput(f"cannot write {path}: {problem.strerror}") from None


def _ended(raw: str) -> str:
    return raw if not raw or raw.endswith(("\n", "\r")) else raw + "\n"
