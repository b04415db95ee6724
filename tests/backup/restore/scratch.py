"""A copy of a database as it is now, in the place of a backup that was restored."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from savctl.persistence.engine import Database


def scratch_of(database: Database, folder: Path) -> Database:
    """A second database with the same rows; close it."""
    if database.is_sqlite:
        path = folder / "scratch.db"
        with (
            closing(sqlite3.connect(str(database.url.database))) as source,
            closing(sqlite3.connect(path)) as target,
        ):
            source.backup(target)
        return Database(f"sqlite:///{path}")
    name = f"copy_of_{database.url.database}"  # other tests run on the server meanwhile
    with database.connection() as connection:
        execute = connection.exec_driver_sql
        execute(f"DROP DATABASE IF EXISTS {name}")
        execute(f"CREATE DATABASE {name} COLLATE utf8mb4_unicode_ci")
        for (table,) in execute("SHOW TABLES").all():
            execute(f"CREATE TABLE {name}.{table} LIKE {table}")
            execute(f"INSERT INTO {name}.{table} SELECT * FROM {table}")
        connection.commit()
    url = database.url.set(database=name)
    return Database(url.render_as_string(hide_password=False))
