"""Alembic, run in this process on a connection of ours; there is no alembic.ini.

It is imported only when a schema changes: it costs as much as thirty empty Pythons.
"""

from __future__ import annotations

import io
from typing import Any

from sqlalchemy import Connection, text

from savctl.persistence.engine import Database
from savctl.persistence.schema.lock import Notify, ignore_note
from savctl.persistence.schema.migration_search import INDEXED, index_name
from savctl.persistence.schema.migration_watch import watched
from savctl.persistence.schema.tables import REVISION_TABLE, metadata
from savctl.places import folder_of

_STATEMENT_SECONDS = 6 * 3600  # an index of search over millions of messages takes minutes


def run_alembic(
    database: Database,
    command: str,
    revision: str,
    *,
    whose: str | None,
    notify: Notify = ignore_note,
) -> None:
    """One Alembic command; `whose` the service's tables are decides what it may touch.

    What takes long is reported by `notify`, and ends on the server when it is interrupted.
    """
    from alembic import command as commands

    with database.connection() as connection:
        if connection.dialect.name != "sqlite":
            _let_statements_take_hours(connection)
            _make_timestamps_explicit(connection)
        connection.rollback()
        with watched(database, connection, notify):
            getattr(commands, command)(_config(connection, whose), revision)
        connection.commit()


def statements(
    connection: Connection, command: str, revisions: str, *, whose: str | None
) -> list[str]:
    """The SQL that an upgrade or downgrade (`from:to`) would run; nothing is changed."""
    from alembic import command as commands

    config = _config(connection, whose)
    config.output_buffer = io.StringIO()
    getattr(commands, command)(config, revisions, sql=True)
    lines = config.output_buffer.getvalue().splitlines()
    script = "\n".join(line for line in lines if not line.startswith("--"))
    found = (" ".join(part.split()) for part in script.split(";\n"))
    return [s for s in found if s and REVISION_TABLE not in s and s not in {"BEGIN", "COMMIT"}]


def revisions() -> tuple[str, ...]:
    """Every revision there is, oldest first."""
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(folder_of("migrations")))
    walked = ScriptDirectory.from_config(config).walk_revisions()
    return tuple(reversed([script.revision for script in walked]))


def drift(connection: Connection) -> list[Any]:
    """What Alembic would change to make the live schema the declared one."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    context = MigrationContext.configure(connection, opts={"include_name": is_ours})
    return list(compare_metadata(context, metadata))


def is_ours(name: str | None, kind: str, _: object) -> bool:
    """Other programs' tables are neither compared nor ever proposed for dropping.

    Nor are the indexes of search: `search_index` looks after them, adopted tables have none.
    """
    if kind == "index":
        return name not in set(map(index_name, INDEXED))
    return kind != "table" or name in metadata.tables


def _config(connection: Connection, whose: str | None) -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(folder_of("migrations")))
    config.attributes["connection"] = connection
    config.attributes["service_tables"] = whose
    return config


def _let_statements_take_hours(connection: Connection) -> None:
    """For this one connection, which does not return to the pool."""
    connection.detach()
    driver: Any = connection.connection.dbapi_connection
    # PyMySQL has no public way for a connection that is open
    driver._read_timeout = _STATEMENT_SECONDS  # noqa: SLF001


def _make_timestamps_explicit(connection: Connection) -> None:
    """Where it is off, the first TIMESTAMP column of a table would update itself."""
    explicit = connection.execute(text("SELECT @@explicit_defaults_for_timestamp")).scalar_one()
    if not explicit:
        connection.execute(text("SET SESSION explicit_defaults_for_timestamp = ON"))
