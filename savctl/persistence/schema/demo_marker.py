"""The mark of a demo database: what bears it may be made anew, nothing else may."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select

from savctl.persistence.engine import Database
from savctl.persistence.schema.tables import meta
from savctl.persistence.schema.versions import version

_NAME = "demo"


def mark(connection: Connection, story: str) -> None:
    """Record that this is a demo database, and which story it holds."""
    connection.execute(insert(meta).values(name=_NAME, value=story[:255]))


def story_of(connection: Connection) -> str | None:
    """The story of a demo database; None for any other."""
    if version(connection) is None:
        return None
    query = select(meta.c.value).where(meta.c.name == _NAME)
    return connection.execute(query).scalar_one_or_none()


def settle(database: Database) -> None:
    """Bring a SQLite database into its one file, so that it can be moved."""
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
