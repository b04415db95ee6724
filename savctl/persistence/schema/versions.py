"""Which schema the database has, and the way to the one this savctl needs."""

from __future__ import annotations

import os
import re

from sqlalchemy import Connection, inspect, select
from sqlalchemy.schema import CreateTable

from savctl.errors import Refused, SchemaMismatch
from savctl.persistence.engine import Database, prepare_folder
from savctl.persistence.schema import revision_record
from savctl.persistence.schema.alembic_runner import run_alembic, statements
from savctl.persistence.schema.lock import Notify, alone, ignore_note
from savctl.persistence.schema.revision_record import RevisionRecord
from savctl.persistence.schema.tables import SERVICE_TABLES, meta
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
    return revision_record.read(connection).current


def fits(connection: Connection) -> bool:
    """Whether this savctl works with the schema: its own, or a newer one that only added."""
    return _fits(revision_record.read(connection))


def is_current(database: Database) -> bool:
    """Whether this savctl works with the schema there is."""
    with database.reading() as connection:
        return fits(connection)


def require_current(connection: Connection, name: str) -> None:
    """Pass when this savctl works with the schema.

    Raises:
        SchemaMismatch: missing, too old or too new, with what to do.
    """
    record = revision_record.read(connection)
    if _fits(record):
        return
    found = record.current
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


def _fits(record: RevisionRecord) -> bool:
    found, works_from = record.current, record.works_from
    if found is None or found == HEAD:
        return found is not None
    return found not in KNOWN and record.is_settled and works_from in KNOWN and found > HEAD


def upgrade(database: Database, *, owner: str, notify: Notify = ignore_note) -> bool:
    """Bring the schema to this savctl's; True when there was something to do.

    Two hosts at once: one works, the other waits (and reports it by `notify`) and finds it done.

    Raises:
        Refused: another program's tables are there; `db adopt` is the way.
    """
    prepare_folder(database)
    with database.reading() as connection:
        if _is_done(connection):
            return False
        require_upgradable(connection, database.name)
    _make_bootstrap_tables(database)
    with alone(database, owner, notify):
        with database.reading() as connection:
            if _is_done(connection):
                return False
            require_upgradable(connection, database.name)
            whose = service_tables_are(connection)
        if whose is None:
            _remember(database, CREATED)
        revision_record.align(database)
        run_alembic(database, "upgrade", HEAD, whose=whose or CREATED, notify=notify)
        revision_record.settle(database)
    return True


def _is_done(connection: Connection) -> bool:
    record = revision_record.read(connection)
    return _fits(record) and record.is_settled


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
            current = version(connection)
        revision_record.align(database)
        if current is not None and current > revision_record.WORKS_FROM > _number(revision):
            run_alembic(
                database, "downgrade", revision_record.WORKS_FROM, whose=whose, notify=notify
            )
        revision_record.settle(database)
        if _number(revision) < revision_record.WORKS_FROM:
            revision_record.unsettle(database)  # no release of before works meanwhile
        run_alembic(database, "downgrade", revision, whose=whose, notify=notify)
        revision_record.settle(database)


def _number(revision: str) -> str:
    """The revision as one that compares: base is before all others."""
    return "" if revision == BASE else revision


def stamp_adopted(database: Database, *, owner: str, notify: Notify = ignore_note) -> None:
    """Take over tables another program made: remember whose they are, add only our own.

    Killed in the middle, or done by two hosts at once, it ends the same.
    """
    _make_bootstrap_tables(database)
    with alone(database, owner, notify):
        with database.reading() as connection:
            found = version(connection)
        _remember(database, ADOPTED)
        revision_record.align(database)
        if found is None:
            run_alembic(database, "stamp", "0001", whose=ADOPTED, notify=notify)
        run_alembic(database, "upgrade", HEAD, whose=ADOPTED, notify=notify)
        revision_record.settle(database)


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
    from savctl.persistence.schema.server_info import is_there

    if not is_there(database):
        return preview_upgrade(Database("sqlite://"))
    with database.reading() as connection:
        if _is_done(connection):
            return []
        found = version(connection)
        require_upgradable(connection, database.name)
        there = inspect(connection)
        bootstrap = [
            _one_line(CreateTable(table, if_not_exists=True).compile(dialect=connection.dialect))
            for table in (meta, leases_table)
            if not there.has_table(table.name)
        ]
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
