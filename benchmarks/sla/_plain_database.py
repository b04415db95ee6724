"""A database as its driver has it, for the floors: no pool, no types, no retries."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from benchmarks.framework.load import plain_connection

Row = Sequence[Any]


class Plain:
    """A database as its driver has it."""

    def __init__(self, url: str) -> None:
        self.is_sqlite = url.startswith("sqlite")
        self.connection: Any
        if self.is_sqlite:
            self.connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
            self.connection.execute("PRAGMA synchronous=NORMAL")
        else:
            self.connection = plain_connection(url)
        self.cursor = self.connection.cursor()

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """What a query answers."""
        self.cursor.execute(self._marked(sql), values)
        return list(self.cursor.fetchall())

    def begin(self) -> None:
        """Start a transaction that writes."""
        self.cursor.execute("BEGIN IMMEDIATE" if self.is_sqlite else "BEGIN")

    def write(self, sql: str, values: Sequence[object]) -> None:
        """One statement."""
        self.cursor.execute(self._marked(sql), values)

    def insert(self, table: str, columns: str, rows: Sequence[Row], verb: str = "INSERT") -> None:
        """Many rows with one statement."""
        marks = ", ".join(["%s"] * len(columns.split(",")))
        if rows:
            statement = f"{verb} INTO {table} ({columns}) VALUES ({marks})"
            self.cursor.executemany(self._marked(statement), rows)

    def _marked(self, sql: str) -> str:
        return sql.replace("%s", "?") if self.is_sqlite else sql


@contextmanager
def opened(url: str) -> Iterator[Plain]:
    """A connection of one's own, closed at the end."""
    plain = Plain(url)
    try:
        yield plain
    finally:
        plain.connection.close()
