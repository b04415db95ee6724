"""Which database this is: a random id, made when it is first asked for (settled 16).

A plan names it, so that one of another database is not carried out here. A copy of a database has
the same id; the name of the database tells them apart.
"""

from __future__ import annotations

from contextlib import suppress
from secrets import token_hex

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from savctl.persistence.engine import Database
from savctl.persistence.schema.tables import meta

_NAME = "database-id"


def database_id(database: Database) -> str:
    """The id of this database, the same for all time."""
    with database.reading() as connection:
        found = _stored(connection)
    return found or database.transaction(_made)


def _made(connection: Connection) -> str:
    """One that somebody else makes at the same moment counts."""
    with suppress(IntegrityError), connection.begin_nested():
        connection.execute(insert(meta).values(name=_NAME, value=token_hex(16)))
    return _stored(connection) or ""


def _stored(connection: Connection) -> str | None:
    query = select(meta.c.value).where(meta.c.name == _NAME)
    return connection.execute(query).scalar_one_or_none()
