"""The mirror's index while it is worked with: on disk, so that memory does not grow with it.

A private SQLite file without a name, as in `bucket_diff`; keys are compared byte for byte.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from threading import RLock
from typing import Any

from savctl.domain.backup.mirrored import GoneKey, IndexLine, MirroredVersion
from savctl.errors import Unavailable

_PAGE = 2_000
_TABLES = """
CREATE TABLE entries (key TEXT, version TEXT, etag TEXT, bytes INTEGER, modified_at TEXT,
    sha256 TEXT, PRIMARY KEY (key, version)) WITHOUT ROWID;
CREATE INDEX entries_sha256 ON entries (sha256);
CREATE TABLE seen (key TEXT PRIMARY KEY) WITHOUT ROWID;
"""
_COLUMNS = "key, version, etag, bytes, modified_at, sha256"


class MirrorScratch:
    """The entries of the index; threads may share it."""

    def __init__(self) -> None:
        self._lock = RLock()
        self.distrusted: set[str] = set()  # contents that are spoiled in the mirror
        self._file = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for pragma in ("cache_size=-16384", "journal_mode=OFF", "synchronous=OFF"):
            self._file.execute(f"PRAGMA {pragma}")
        self._file.executescript(_TABLES)
        self._file.execute("BEGIN")

    def close(self) -> None:
        """Give the disk back."""
        self._file.close()

    def clear(self) -> None:
        """Forget every entry: the index is read anew."""
        self._do("DELETE FROM entries")

    def apply(self, lines: Iterable[IndexLine]) -> None:
        """Take lines of the index, in their order."""
        for line in lines:
            if isinstance(line, GoneKey):
                self._do("DELETE FROM entries WHERE key = ?", line.key)
            else:
                self._do("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?, ?)", *_row(line))

    def knows(self, key: str, version: str, etag: str) -> bool:
        """Whether this version is mirrored."""
        sql = "SELECT sha256 FROM entries WHERE key = ? AND version = ? AND etag = ?"
        return any(sha not in self.distrusted for (sha,) in self._rows(sql, key, version, etag))

    def has_content(self, sha256: str) -> bool:
        """Whether an entry has this content, unspoiled as far as is known."""
        return sha256 not in self.distrusted and self.names(sha256)

    def names(self, sha256: str) -> bool:
        """Whether an entry has this content, spoiled or not."""
        return bool(self._rows("SELECT 1 FROM entries WHERE sha256 = ? LIMIT 1", sha256))

    def of_key(self, key: str) -> list[MirroredVersion]:
        """The versions of a key, the newest first."""
        sql = f"SELECT {_COLUMNS} FROM entries WHERE key = ? ORDER BY modified_at DESC"  # noqa: S608
        return [_entry(row) for row in self._rows(sql, key)]

    def below(self, prefix: str) -> list[str]:
        """The keys that begin with this."""
        sql = "SELECT DISTINCT key FROM entries WHERE key >= ? AND key < ?"
        return [key for (key,) in self._rows(sql, prefix, prefix + "\U0010ffff")]

    def only_of(self, keys: Sequence[str]) -> list[str]:
        """The contents that these keys have and no other one."""
        marks = ", ".join("?" * len(keys))
        sql = (
            f"SELECT DISTINCT sha256 FROM entries WHERE key IN ({marks}) "  # noqa: S608
            "AND NOT EXISTS (SELECT 1 FROM entries AS others WHERE others.sha256 = "
            f"entries.sha256 AND others.key NOT IN ({marks}))"
        )
        return [sha for (sha,) in self._rows(sql, *keys, *keys)]

    def entries(self) -> Iterator[MirroredVersion]:
        """Every entry, by key and version."""
        key = version = ""
        sql = (
            f"SELECT {_COLUMNS} FROM entries WHERE (key, version) > (?, ?) "  # noqa: S608
            f"ORDER BY key, version LIMIT {_PAGE}"
        )
        while page := self._rows(sql, key, version):
            yield from map(_entry, page)
            key, version = page[-1][0], page[-1][1]

    def contents(self) -> Iterator[tuple[str, int, str]]:
        """Every content: digest, bytes, and one of its keys."""
        after = ""
        sql = (
            "SELECT sha256, max(bytes), min(key) FROM entries WHERE sha256 > ? "  # noqa: S608
            f"GROUP BY sha256 ORDER BY sha256 LIMIT {_PAGE}"
        )
        while page := self._rows(sql, after):
            yield from page
            after = page[-1][0]

    def see(self, keys: Iterable[str]) -> None:
        """These keys are in the bucket."""
        for key in keys:
            self._do("INSERT OR IGNORE INTO seen VALUES (?)", key)

    def vanished(self) -> int:
        """How many mirrored keys were not seen in the bucket."""
        sql = (
            "SELECT count(DISTINCT key) FROM entries "
            "WHERE NOT EXISTS (SELECT 1 FROM seen WHERE seen.key = entries.key)"
        )
        return int(self._rows(sql)[0][0])

    def totals(self) -> tuple[int, int, int]:
        """How many keys, how many contents, of how many bytes."""
        [keys] = self._rows("SELECT count(DISTINCT key) FROM entries")[0]
        sql = "SELECT count(*), coalesce(sum(b), 0) FROM (SELECT max(bytes) AS b FROM entries "
        contents, size = self._rows(sql + "GROUP BY sha256)")[0]
        return keys, contents, size

    def _do(self, sql: str, *values: Any) -> None:
        with self._lock:
            try:
                self._file.execute(sql, values)
            except sqlite3.OperationalError as problem:
                raise _no_room(problem) from problem

    def _rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._lock:
            try:
                return self._file.execute(sql, values).fetchall()
            except sqlite3.OperationalError as problem:
                raise _no_room(problem) from problem


def _row(entry: MirroredVersion) -> tuple[object, ...]:
    return (
        entry.key,
        entry.version,
        entry.etag,
        entry.bytes,
        entry.modified_at,
        entry.sha256,
    )


def _entry(row: tuple[Any, ...]) -> MirroredVersion:
    key, version, etag, size, modified_at, sha256 = row
    return MirroredVersion(
        key=key, version=version, etag=etag, bytes=size, modified_at=modified_at, sha256=sha256
    )


def _no_room(problem: sqlite3.OperationalError) -> Unavailable:
    return Unavailable(
        f"the scratch file of the mirror's index failed: {problem}",
        hint="It needs some 300 bytes a version; TMPDIR names its folder.",
    )
