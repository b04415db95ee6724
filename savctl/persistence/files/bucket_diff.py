"""A bucket's listing beside the keys that records name, on disk: memory does not grow with them.

A private SQLite file without a name: the system removes it with the process, whatever ends that.
Keys are compared byte for byte (SQLite's BINARY), and the order in which a server lists them
does not matter: listed in byte order they are only stored a little faster.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from savctl.errors import Unavailable
from savctl.persistence.files.file_references import Named

T = TypeVar("T")

_CACHE_KIB = 32 * 1024
_TABLES = """
CREATE TABLE objects (key TEXT PRIMARY KEY, size INTEGER, at REAL) WITHOUT ROWID;
CREATE TABLE names (key TEXT, size INTEGER, record INTEGER, ticket INTEGER, is_old INTEGER);
CREATE TABLE pending (key TEXT PRIMARY KEY) WITHOUT ROWID;
"""
# Key, size in bytes, seconds since 1970 when it was stored.
Listed = tuple[str, int, float]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A record whose object is not there (`found` is None), or has another size."""

    key: str
    size_bytes: int
    found: int | None
    record_id: int
    ticket_id: int


class Comparison:
    """Both sides; first everything is added, then it is asked."""

    def __init__(self) -> None:
        self._file = sqlite3.connect("", isolation_level=None)
        with _translating_errors():
            for pragma in (f"cache_size=-{_CACHE_KIB}", "journal_mode=OFF", "synchronous=OFF"):
                self._file.execute(f"PRAGMA {pragma}")
            self._file.executescript(_TABLES)
            self._file.execute("BEGIN")

    def close(self) -> None:
        """Give the disk back."""
        self._file.close()

    def add_objects(self, listed: Sequence[Listed]) -> None:
        """Add a piece of the listing; a key that was listed twice counts once."""
        with _translating_errors():
            self._file.executemany("INSERT OR REPLACE INTO objects VALUES (?, ?, ?)", listed)

    def add_names(self, named: Sequence[Named], *, old_up_to: int) -> None:
        """Add keys that records name; one may be named many times.

        A record above `old_up_to` was written after the listing began: that its object was not
        listed is no evidence.
        """
        insert = f"INSERT INTO names VALUES (?1, ?2, ?3, ?4, ?3 <= {old_up_to:d})"  # noqa: S608
        with _translating_errors():
            self._file.executemany(insert, named)

    def add_pending(self, keys: Iterable[str]) -> None:
        """Add keys that an earlier run meant to remove."""
        with _translating_errors():
            rows = ((key,) for key in keys)
            self._file.executemany("INSERT OR IGNORE INTO pending VALUES (?)", rows)

    def index(self) -> None:
        """Make the names fit for asking: once, when they are all here."""
        with _translating_errors():
            self._file.execute("CREATE INDEX names_key ON names (key)")

    def unnamed(self) -> Iterator[Listed]:
        """The objects that no record names, in byte order of their keys."""
        return self._rows(
            "SELECT key, size, at FROM objects WHERE NOT EXISTS "
            "(SELECT 1 FROM names WHERE names.key = objects.key) ORDER BY key"
        )

    def mismatches(self) -> Iterator[Mismatch]:
        """The records without an object of their size."""
        rows: Iterator[tuple[str, int, int | None, int, int]] = self._rows(
            "SELECT names.key, CAST(names.size AS INTEGER), objects.size, record, ticket "
            "FROM names LEFT JOIN objects ON objects.key = names.key "
            "WHERE is_old AND (objects.size IS NULL OR objects.size <> names.size) "
            "ORDER BY record"
        )
        return (Mismatch(*row) for row in rows)

    def named_again(self) -> Iterator[str]:
        """The pending keys that a record names by now."""
        rows: Iterator[tuple[str]] = self._rows(
            "SELECT key FROM pending WHERE EXISTS "
            "(SELECT 1 FROM names WHERE names.key = pending.key) ORDER BY key"
        )
        return (key for (key,) in rows)

    def totals(self) -> tuple[int, int, int]:
        """How many objects there are, of how many bytes, and how many records."""
        with _translating_errors():
            objects, size = self._file.execute(
                "SELECT count(*), coalesce(sum(size), 0) FROM objects"
            ).fetchone()
            [records] = self._file.execute("SELECT count(*) FROM names").fetchone()
        return objects, size, records

    def _rows(self, query: str) -> Iterator[T]:
        with _translating_errors():
            # not the cursor itself: it would be closed when the rows are left early, and by then
            # the file may be closed
            yield from iter(self._file.execute(query).fetchone, None)


@contextmanager
def _translating_errors() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as problem:
        raise Unavailable(
            f"the scratch file of the comparison failed: {problem}",
            hint="It needs some 300 bytes for each object and record; TMPDIR names its folder.",
        ) from problem
