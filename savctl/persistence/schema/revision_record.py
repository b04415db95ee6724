"""Where the database stands: the revision it is at, and the one a release must know to work here.

Two tables of one row. Additive revisions raise the first only, so the schedulers of the release
before continue to work while and after a new one upgrades (rules 19.3). Releases up to schema
0010 look at the second alone and want their own revision in it.

Where the second is not what the first asks for, such a release has changed the schema, or an
upgrade or downgrade was killed: then the second counts, and an upgrade runs what follows again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, OperationalError

from savctl.persistence.engine import Database
from savctl.persistence.schema.tables import REVISION_TABLE, VERSION_TABLE

# The oldest schema whose release works on the newest one. A revision that old releases cannot
# work with (not additive) raises it to itself, and the changelog names it.
WORKS_FROM = "0010"

_REVISION = f"SELECT version_num FROM {REVISION_TABLE}"  # noqa: S608 - a constant
_WORKS_FROM = f"SELECT version_num FROM {VERSION_TABLE}"  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionRecord:
    """What the two tables hold; None where there is no row."""

    revision: str | None
    works_from: str | None

    @property
    def is_settled(self) -> bool:
        """Whether both agree, as an upgrade leaves them."""
        return self.works_from == _works_from(self.revision)

    @property
    def current(self) -> str | None:
        """The revision that counts."""
        if self.works_from is None or (self.revision is not None and self.is_settled):
            return self.revision
        return self.works_from


def read(connection: Connection) -> RevisionRecord:
    """Both rows, by one statement where both tables are there; without Alembic."""
    row = _first(connection, f"SELECT ({_REVISION}), ({_WORKS_FROM})")
    if row is not None:
        return RevisionRecord(revision=row[0], works_from=row[1])
    revision, works_from = _first(connection, _REVISION), _first(connection, _WORKS_FROM)
    return RevisionRecord(
        revision=revision[0] if revision else None,
        works_from=works_from[0] if works_from else None,
    )


def align(database: Database) -> None:
    """Before Alembic runs: its table is there and holds the revision that counts."""
    with database.reading() as connection:
        current = read(connection).current
    _make_tables(database)
    _write(database, REVISION_TABLE, current)


def settle(database: Database) -> None:
    """After Alembic has run: record the oldest release that works here."""
    with database.reading() as connection:
        revision = read(connection).revision
    _write(database, VERSION_TABLE, _works_from(revision))


def unsettle(database: Database) -> None:
    """Before Alembic goes below what old releases know: none of them works here."""
    _write(database, VERSION_TABLE, None)


def _works_from(revision: str | None) -> str | None:
    return None if revision is None else min(revision, WORKS_FROM)


def _first(connection: Connection, query: str) -> tuple[str | None, ...] | None:
    try:
        row = connection.execute(text(query)).first()
    except (OperationalError, DBAPIError) as problem:
        message = str(problem.orig)
        if "no such table" in message or "doesn't exist" in message:
            return None
        raise
    return None if row is None else tuple(row)


def _make_tables(database: Database) -> None:
    def work(connection: Connection) -> None:
        for table in (REVISION_TABLE, VERSION_TABLE):
            connection.execute(
                text(
                    f"CREATE TABLE IF NOT EXISTS {table} (version_num VARCHAR(32) NOT NULL, "
                    f"CONSTRAINT {table}_pkc PRIMARY KEY (version_num))"
                )
            )

    _committed(database, work)


def _write(database: Database, table: str, revision: str | None) -> None:
    def work(connection: Connection) -> None:
        connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - a constant
        if revision is not None:
            connection.execute(
                text(f"INSERT INTO {table} (version_num) VALUES (:revision)"),  # noqa: S608
                {"revision": revision},
            )

    _committed(database, work)


def _committed(database: Database, work: Callable[[Connection], None]) -> None:
    """Without a commit token, as Alembic's own writes: what is lost is written again."""
    with database.connection() as connection:
        connection.rollback()
        work(connection)
        connection.commit()
