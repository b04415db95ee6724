"""Which schema the database has, and the way to the one this savctl needs."""

from __future__ import annotations

import os
import re

from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.schema import CreateTable

from savctl.errors import Refused, SchemaMismatch
from savctl.persistence.engine import Database, prepare_folder
from savctl.persistence.schema.alembic_runner import run_alembic, statements
from savctl.persistence.schema.lock import Notify, alone, ignore_note
from savctl.persistence.schema.server_info import is_there
from savctl.persistence.schema.tables import SERVICE_TABLES, VERSION_TABLE, meta
from savctl.persistence.schema.tables import leases as leases_table
from savctl.places import folder_of

# Each revision is a file r0001_….py; Alembic itself is too slow to ask at every start.
_REVISIONS = re.compile(r"r(\d{4})_\w+\.py")
KNOWN = tuple(
    sorted(
        found[1]
        for name in os.listdir(folder_of("migrations") / "versions")
        if (found := _REVISIONS.fullmatch(name))
    )
)
HEAD = KNOWN[-1]

CREATED, ADOPTED = "created", "adopted"
BASE = "base"
_SERVICE_TABLES = "service_tables"


def version(connection: Connection) -> str | None:
    """The revision the database is at, read without Alembic; None when it has none."""
    try:
        row = connection.execute(
            text(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608 - a constant
        ).first()
    except (OperationalError, DBAPIError) as problem:
        message = str(problem.orig)
        if "no such table" in message or "doesn't exist" in message:
            return None
        raise
    return row[0] if row else None


def is_current(database: Database) -> bool:
    """Whether the schema is the one this savctl was made for."""
    with database.reading() as connection:
        return version(connection) == HEAD


def require_current(connection: Connection, name: str) -> None:
    """Pass when the schema is the one this savctl was made for.

    Raises:
        SchemaMismatch: missing, too old or too new, with what to do.
    """
    found = version(connection)
    if found == HEAD:
        return
    if found is None:
        raise SchemaMismatch(
            f"the database {name} has no savctl schema",
            hint="New database: savctl db upgrade. Database of the service: savctl db adopt.",
        )
    if found not in KNOWN:
        raise SchemaMismatch(
            f"the database {name} is at schema {found}, newer than this savctl knows ({HEAD})",
            hint="Install the savctl that upgraded it, or a newer one.",
        )
    raise SchemaMismatch(
        f"the database {name} is at schema {found}; this savctl needs {HEAD}",
        hint="Run 'savctl db upgrade'.",
    )


def upgrade(database: Database, *, owner: str, notify: Notify = ignore_note) -> bool:
    """Bring the schema to this savctl's; True when there was something to do.

    Two hosts at once: one works, the other waits (and reports it by `notify`) and finds it done.

    Raises:
        Refused: another program's tables are there; `db adopt` is the way.
    """
    prepare_folder(database)
    with database.reading() as connection:
        if version(connection) == HEAD:
            return False
        require_upgradable(connection, database.name)
    _make_bootstrap_tables(database)
    with alone(database, owner, notify):
        with database.reading() as connection:
            if version(connection) == HEAD:
                return False
            require_upgradable(connection, database.name)
            whose = service_tables_are(connection)
        if whose is None:
            _remember(database, CREATED)
        run_alembic(database, "upgrade", HEAD, whose=whose or CREATED)
    return True


def require_upgradable(connection: Connection, name: str) -> None:
    """Pass when an upgrade may touch what is there.

    Raises:
        Refused: another program's tables are there; `db adopt` is the way.
        SchemaMismatch: the schema is newer than this savctl.
    """
    if version(connection) not in {None, *KNOWN}:
        require_current(connection, name)
    if service_tables_are(connection) is not None:
        return
    there = inspect(connection)
    foreign = [table.name for table in SERVICE_TABLES if there.has_table(table.name)]
    if foreign:
        raise Refused(
            f"the database {name} has tables that another program's migrations made: "
            f"{', '.join(foreign)}",
            hint="Take it over with savctl db adopt (it changes none of those tables).",
            tables=foreign,
        )


def downgrade(
    database: Database, revision: str, *, owner: str, notify: Notify = ignore_note
) -> None:
    """Go back to an older revision; tables of other programs stay whatever it is."""
    with alone(database, owner, notify):
        with database.reading() as connection:
            whose = service_tables_are(connection)
        run_alembic(database, "downgrade", revision, whose=whose)


def stamp_adopted(database: Database, *, owner: str, notify: Notify = ignore_note) -> None:
    """Take over tables another program made: remember whose they are, add only our own.

    Killed in the middle, or done by two hosts at once, it ends the same.
    """
    _make_bootstrap_tables(database)
    with alone(database, owner, notify):
        with database.reading() as connection:
            found = version(connection)
        _remember(database, ADOPTED)
        if found is None:
            run_alembic(database, "stamp", "0001", whose=ADOPTED)
        run_alembic(database, "upgrade", HEAD, whose=ADOPTED)


def service_tables_are(connection: Connection) -> str | None:
    """`created` or `adopted`; None when it was never written down."""
    if not inspect(connection).has_table(meta.name):
        return None
    query = select(meta.c.value).where(meta.c.name == _SERVICE_TABLES)
    return connection.execute(query).scalar_one_or_none()


def preview_upgrade(database: Database) -> list[str]:
    """The SQL an upgrade would run; an embedded database that is not there is not made.

    Raises:
        Refused, SchemaMismatch: as the upgrade itself would.
    """
    if not is_there(database):
        return preview_upgrade(Database("sqlite://"))
    with database.reading() as connection:
        found = version(connection)
        require_upgradable(connection, database.name)
        there = inspect(connection)
        bootstrap = [
            _one_line(CreateTable(table, if_not_exists=True).compile(dialect=connection.dialect))
            for table in (meta, leases_table)
            if not there.has_table(table.name)
        ]
        if found == HEAD:
            return []
        whose = service_tables_are(connection) or CREATED
        revisions = HEAD if found is None else f"{found}:{HEAD}"
        return [*bootstrap, *statements(connection, "upgrade", revisions, whose=whose)]


def preview_downgrade(database: Database, current: str, revision: str) -> list[str]:
    """The SQL a downgrade would run."""
    with database.reading() as connection:
        whose = service_tables_are(connection)
        return statements(connection, "downgrade", f"{current}:{revision}", whose=whose)


def _one_line(statement: object) -> str:
    return " ".join(str(statement).split())


def _make_bootstrap_tables(database: Database) -> None:
    """The two tables that must be there before the first revision can be guarded.

    IF NOT EXISTS, because nothing keeps two hosts apart yet.
    """

    def work(connection: Connection) -> None:
        for table in (meta, leases_table):
            connection.execute(CreateTable(table, if_not_exists=True))

    database.transaction(work)


def _remember(database: Database, whose: str) -> None:
    def work(connection: Connection) -> None:
        connection.execute(meta.delete().where(meta.c.name == _SERVICE_TABLES))
        connection.execute(meta.insert().values(name=_SERVICE_TABLES, value=whose))

    database.transaction(work)
