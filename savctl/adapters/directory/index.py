"""The index of a directory store: keys, versions, markers and unused content files, in SQLite.

A key is a BLOB: SQLite then sorts it by its bytes, as S3 does. Names of content files are random
and never used again, so that an upload and a purge of the same content cannot meet. A content
file is `loose` from before it is written until the index names it, and again from when the
index no longer does: what a crash leaves behind is always on that list.
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from savctl.adapters.directory.content import Content
from savctl.ports.objects import ContentChanged

PAGE = 1_000
_BUSY_SECONDS = 30.0
_LARGEST_ID = 2**63 - 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS versions (
    id INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB NOT NULL, file TEXT,
    size_bytes INTEGER NOT NULL, etag TEXT NOT NULL, content_type TEXT NOT NULL,
    modified_at REAL NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS versions_key ON versions (key, id);
CREATE INDEX IF NOT EXISTS versions_file ON versions (file);
CREATE TABLE IF NOT EXISTS uploads (
    id TEXT PRIMARY KEY, key BLOB NOT NULL, content_type TEXT NOT NULL, started_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS parts (
    upload_id TEXT NOT NULL, number INTEGER NOT NULL, file TEXT NOT NULL,
    size_bytes INTEGER NOT NULL, etag TEXT NOT NULL, PRIMARY KEY (upload_id, number)
);
CREATE TABLE IF NOT EXISTS loose (file TEXT PRIMARY KEY, due_at REAL NOT NULL);
"""
_VISIBLE = """
SELECT * FROM versions WHERE key >= ? AND key < ? AND file IS NOT NULL
AND id = (SELECT MAX(id) FROM versions AS others WHERE others.key = versions.key)
ORDER BY key LIMIT ?
"""
_VERSIONS = """
SELECT *, id = (SELECT MAX(id) FROM versions AS others WHERE others.key = versions.key)
AS is_latest FROM versions WHERE key >= ?1 AND key < ?2 AND (key > ?1 OR id < ?3)
ORDER BY key, id DESC LIMIT ?4
"""
_MARKER = Content(file="", size_bytes=0, etag="", content_type="")


class Index:
    """One connection, shared by this process's threads; other processes have their own.

    What changes something is called inside `change`.
    """

    def __init__(self, file: Path) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(
            file, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        self._connection.row_factory = sqlite3.Row
        try:
            self._connection.execute("PRAGMA synchronous = FULL")
            with suppress(sqlite3.OperationalError):  # two at once: the other one does it
                self._connection.execute("PRAGMA journal_mode = WAL")
            if not self.rows("SELECT 1 FROM sqlite_schema WHERE name = 'loose'"):
                self._make()
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def change(self) -> Iterator[None]:
        """A transaction that writes: all of it, or nothing."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # a full disk may have ended it already
                    self._connection.execute("ROLLBACK")
                raise

    def rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """What a question finds."""
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    def do(self, sql: str, *values: object) -> int:
        """Change something; answers how many rows."""
        return self._connection.execute(sql, values).rowcount

    def secret(self) -> bytes:
        """The key that links are signed with, made on first use; only the owner reads the file."""
        with self.change():
            self.do("INSERT OR IGNORE INTO meta VALUES ('secret', ?)", secrets.token_bytes(32))
            return bytes(self.rows("SELECT value FROM meta WHERE name = 'secret'")[0]["value"])

    def newest(self, key: str) -> sqlite3.Row | None:
        """The newest version of a key, or the marker that hides it."""
        found = self.rows(
            "SELECT * FROM versions WHERE key = ? ORDER BY id DESC LIMIT 1", key.encode()
        )
        return found[0] if found else None

    def visible(self, prefix: str) -> Iterator[sqlite3.Row]:
        """The newest version of each key below a prefix that no marker hides."""
        low, high = key_range(prefix)
        page: Sequence[Any] = [None] * PAGE
        while len(page) == PAGE:
            page = self.rows(_VISIBLE, low, high, PAGE)
            yield from page
            low = page[-1]["key"] + b"\0" if page else low

    def versions(self, prefix: str) -> Iterator[sqlite3.Row]:
        """All versions and markers, by key and the newest first, with `is_latest`."""
        (key, high), below = key_range(prefix), _LARGEST_ID
        page: Sequence[Any] = [None] * PAGE
        while len(page) == PAGE:
            page = self.rows(_VERSIONS, key, high, below, PAGE)
            yield from page
            key, below = (page[-1]["key"], page[-1]["id"]) if page else (key, below)

    def of_key(self, key: str) -> list[sqlite3.Row]:
        """All versions and markers of exactly this key, the newest first."""
        return self.rows("SELECT * FROM versions WHERE key = ? ORDER BY id DESC", key.encode())

    def add(self, key: str, content: Content | None, *, at: float) -> None:
        """A new version, or a marker."""
        new = content or _MARKER
        self.do(
            "INSERT INTO versions (key, file, size_bytes, etag, content_type, modified_at) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            key.encode(),
            new.file or None,
            new.size_bytes,
            new.etag,
            new.content_type,
            at,
        )

    def drop(self, rows: Sequence[sqlite3.Row], *, at: float) -> None:
        """Forget versions; content that no other version has becomes loose."""
        for row in rows:
            self.do("DELETE FROM versions WHERE id = ?", row["id"])
            if row["file"] is not None:
                self.do(
                    "INSERT OR IGNORE INTO loose SELECT ?1, ?2 "
                    "WHERE NOT EXISTS (SELECT 1 FROM versions WHERE file = ?1)",
                    row["file"],
                    at,
                )

    def loosen(self, file: str, *, due_at: float) -> None:
        """A content file is about to be written; it is left alone until it is due."""
        self.do("INSERT INTO loose VALUES (?, ?)", file, due_at)

    def claim(self, file: str) -> None:
        """The content file is whole and about to be named.

        Raises:
            ContentChanged: writing it took so long that it was taken for a leftover.
        """
        if self.do("DELETE FROM loose WHERE file = ?", file) != 1:
            raise ContentChanged("storing took too long, and its file was cleaned away")

    def swept(self, file: str) -> None:
        """A loose content file is gone."""
        self.do("DELETE FROM loose WHERE file = ?", file)

    def due(self, now: float) -> list[str]:
        """Content files that can go, a page of them."""
        found = self.rows("SELECT file FROM loose WHERE due_at <= ? LIMIT ?", now, PAGE)
        return [str(row["file"]) for row in found]

    def _make(self) -> None:
        """Make the tables; of several processes that come first, one does."""
        with self.change():
            for statement in _SCHEMA.split(";"):
                self.do(statement)


def key_range(prefix: str) -> tuple[bytes, bytes]:
    """The keys that begin with this, as a half-open range; 0xFF stands in no UTF-8 text."""
    return prefix.encode(), prefix.encode() + b"\xff"
