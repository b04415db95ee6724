"""Copies of an embedded database by SQLite's own backup interface, and what is in them."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path


def copy_file(source: Path, target: Path) -> None:
    """One moment of a database that others write to, as a file of its own."""
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
        new.execute("PRAGMA journal_mode = DELETE")


def tables_of(file: Path) -> Mapping[str, dict[str, object]]:
    """Rows and checksum of each table, as of a dump."""
    with closing(sqlite3.connect(file)) as connection:
        connection.text_factory = bytes
        names = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' "
            "ESCAPE '\\' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
        ).fetchall()
        return {name.decode(): _table(connection, name.decode()) for (name,) in names}


def has_objects(file: Path) -> bool:
    """Whether a table is in it; a file that cannot be read may hold anything."""
    if not file.exists():
        return False
    with closing(sqlite3.connect(file)) as connection:
        try:
            return connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None
        except sqlite3.DatabaseError:
            return True


def is_unused(file: Path, *, dry_run: bool) -> bool:
    """Whether nobody else has the database open: then it can leave the write-ahead mode.

    A dry run does not change the mode, so it sees writers only.
    """
    with closing(sqlite3.connect(file, timeout=0)) as connection:
        try:
            if not dry_run:
                connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("BEGIN EXCLUSIVE")
            connection.rollback()
        except sqlite3.OperationalError:
            return False
    return True


def _table(connection: sqlite3.Connection, name: str) -> dict[str, object]:
    digest, count = hashlib.sha256(), 0
    quoted = '"' + name.replace('"', '""') + '"'
    for row in connection.execute(f"SELECT * FROM {quoted}"):  # noqa: S608 - a table's own name
        digest.update(repr(row).encode())
        count += 1
    return {"rows": count, "checksum": digest.hexdigest()}
