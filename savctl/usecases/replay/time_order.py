"""Rows in the order of time, however many: runs are sorted in memory and merged from disk.

A log is often written case by case, while a replay needs everything that happened in the order
in which it happened.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from heapq import merge
from itertools import islice
from typing import Any, TextIO

from savctl.usecases.imports.records import Record

IN_MEMORY = 10_000

# (microseconds since 1970, tie-breakers, line, values): sorts as it stands, the line being unique
Keyed = tuple[int, list[float], int, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def keyed(record: Record, at: datetime, ties: list[float]) -> Keyed:
    """A row with what it is sorted by: the instant, then the tie-breakers, then its line."""
    return (at - _EPOCH) // timedelta(microseconds=1), ties, record.line, record.values


def instant_of(row: Keyed) -> datetime:
    """When it happened."""
    return _EPOCH + timedelta(microseconds=row[0])


def in_time_order(rows: Iterable[Keyed], *, in_memory: int = IN_MEMORY) -> Iterator[Keyed]:
    """The rows, sorted; at most so many are held in memory, the others on disk."""
    stream = iter(rows)
    with ExitStack() as files:
        runs: list[TextIO] = []
        while run := sorted(islice(stream, in_memory), key=_key):
            if len(run) < in_memory and not runs:
                yield from run
                return
            file = files.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8"))
            file.writelines(f"{json.dumps(row)}\n" for row in run)
            runs.append(file)
        yield from merge(*map(_read, runs), key=_key)


def _key(row: Keyed) -> tuple[int, list[float], int]:
    return row[0], row[1], row[2]


def _read(file: TextIO) -> Iterator[Keyed]:
    file.seek(0)
    load: Callable[[str], Any] = json.loads
    for line in file:
        at, ties, number, values = load(line)
        yield at, ties, number, values
