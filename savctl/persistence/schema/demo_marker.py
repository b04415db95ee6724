"""The mark of a demo database: what bears it may be made anew, nothing else may."""

from __future__ import annotations

from sqlalchemy import Connection, func, insert, select

from savctl.persistence.engine import Database
from savctl.persistence.schema.tables import audit, meta
from savctl.persistence.schema.versions import version

_NAME, _ENDED_AT = "demo", "demo-ended-at"


def mark(connection: Connection, story: str) -> None:
    """Record that this is a demo database, and which story it holds."""
    connection.execute(insert(meta).values(name=_NAME, value=story[:255]))


def story_of(connection: Connection) -> str | None:
    """The story of a demo database; None for any other."""
    if version(connection) is None:
        return None
    query = select(meta.c.value).where(meta.c.name == _NAME)
    return connection.execute(query).scalar_one_or_none()


def work_since(connection: Connection) -> int:
    """How many changes were made since the demo ended."""
    query = select(meta.c.value).where(meta.c.name == _ENDED_AT)
    ended_at = connection.execute(query).scalar_one_or_none()
    return 0 if ended_at is None else max(0, _last_change(connection) - int(ended_at))


def _last_change(connection: Connection) -> int:
    return int(connection.execute(select(func.max(audit.c.id))).scalar_one() or 0)


def settle(database: Database) -> None:
    """End the demo: bring a SQLite database into its one file, so that it can be moved."""
    database.transaction(
        lambda c: c.execute(insert(meta).values(name=_ENDED_AT, value=str(_last_change(c))))
    )
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
