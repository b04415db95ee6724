"""Which schema the database has, and the way to the one this savctl needs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.exc import DBAPIError, OperationalError

from savctl.errors import AlreadyRunning, Refused, SchemaMismatch, Unavailable
from savctl.persistence import leases
from savctl.persistence.engine import Database, prepare_folder
from savctl.persistence.tables import VERSION_TABLE, meta
from savctl.persistence.tables import leases as leases_table

HEAD = "0002"
KNOWN = ("0001", "0002")

CREATED, ADOPTED = "created", "adopted"
_SERVICE_TABLES = "service_tables"
_LEASE = "schema"
_LEASE_SECONDS = 60
_LONGEST_WAIT_SECONDS = 600


def version(connection: Connection) -> str | None:
    """The revision the database is at, read without Alembic; None when it has none."""
    try:
        row = connection.execute(
            text(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608 - a constant
        ).first()
    except (OperationalError, DBAPIError) as problem:
        said = str(problem.orig)
        if "no such table" in said or "doesn't exist" in said:
            return None
        raise
    return row[0] if row else None


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
        hint="Run savctl db upgrade.",
    )


def upgrade(database: Database, *, owner: str) -> bool:
    """Bring the schema to this savctl's; True when there was something to do.

    Two hosts at once: one works, the other waits and finds it done.

    Raises:
        Refused: another program's tables are there; `db adopt` is the way.
    """
    prepare_folder(database)
    with database.reading() as connection:
        found = version(connection)
    if found == HEAD:
        return False
    if found is not None and found not in KNOWN:
        with database.reading() as connection:
            require_current(connection, database.name)
    _make_bootstrap_tables(database)
    with _alone(database, owner):
        with database.reading() as connection:
            if version(connection) == HEAD:
                return False
        _claim_service_tables(database)
        run_alembic(database, "upgrade", "head")
    return True


def downgrade(database: Database, revision: str, *, owner: str) -> None:
    """Go back to an older revision; tables of other programs stay whatever it is."""
    with _alone(database, owner):
        run_alembic(database, "downgrade", revision)


def stamp_adopted(database: Database, *, owner: str) -> None:
    """Take over tables another program made: remember whose they are, add only our own."""
    _make_bootstrap_tables(database)
    with _alone(database, owner):
        _remember(database, ADOPTED)
        run_alembic(database, "stamp", "0001")
        run_alembic(database, "upgrade", "head")


def service_tables_are(connection: Connection) -> str | None:
    """`created` or `adopted`; None when it was never written down."""
    if not inspect(connection).has_table(meta.name):
        return None
    query = select(meta.c.value).where(meta.c.name == _SERVICE_TABLES)
    return connection.execute(query).scalar_one_or_none()


def run_alembic(database: Database, command: str, revision: str) -> None:
    """One Alembic command on one connection of ours."""
    from alembic import command as commands

    with database.engine.connect() as connection:
        whose = service_tables_are(connection)
        if connection.dialect.name != "sqlite":
            _make_timestamps_explicit(connection)
        connection.rollback()
        config = alembic_config(connection)
        config.attributes["service_tables"] = whose
        getattr(commands, command)(config, revision)
        connection.commit()


def alembic_config(connection: Connection) -> Any:
    """Alembic's configuration in code: there is no alembic.ini."""
    from alembic.config import Config

    import migrations

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = connection
    return config


def _make_timestamps_explicit(connection: Connection) -> None:
    """Where it is off, the first TIMESTAMP column of a table would update itself."""
    explicit = connection.execute(text("SELECT @@explicit_defaults_for_timestamp")).scalar_one()
    if not explicit:
        connection.execute(text("SET SESSION explicit_defaults_for_timestamp = ON"))


def _make_bootstrap_tables(database: Database) -> None:
    """The two tables that must be there before the first revision can be guarded."""
    for table in (meta, leases_table):
        database.transaction(lambda c, t=table: t.create(c, checkfirst=True))  # type: ignore[misc]


def _claim_service_tables(database: Database) -> None:
    with database.reading() as connection:
        if service_tables_are(connection) is not None:
            return
        foreign = inspect(connection).has_table("support_tickets")
    if foreign:
        raise Refused(
            f"the database {database.name} has tickets that another program's migrations made",
            hint="Take it over with savctl db adopt (it changes none of those tables).",
        )
    _remember(database, CREATED)


def _remember(database: Database, whose: str) -> None:
    def work(connection: Connection) -> None:
        connection.execute(meta.delete().where(meta.c.name == _SERVICE_TABLES))
        connection.execute(meta.insert().values(name=_SERVICE_TABLES, value=whose))

    database.transaction(work)


@contextmanager
def _alone(database: Database, owner: str) -> Iterator[None]:
    """Hold the schema lease, waiting for whoever holds it now."""
    give_up = time.monotonic() + _LONGEST_WAIT_SECONDS
    while True:
        try:
            lease = database.transaction(
                lambda c: leases.acquire(c, _LEASE, owner=owner, seconds=_LEASE_SECONDS)
            )
            break
        except AlreadyRunning:
            if time.monotonic() > give_up:
                raise Unavailable("another host has been changing the schema for long") from None
            time.sleep(0.2)
    try:
        with leases.Heartbeat(database, lease):
            yield
    finally:
        database.transaction(lambda c: leases.release(c, lease))
