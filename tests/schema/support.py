"""A database as Laravel made it, and what may be said of a table without looking inside."""

from __future__ import annotations

import hashlib
import os
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from savctl.persistence.engine import Database
from savctl.persistence.schema.inspection import Difference, DifferenceLevel
from savctl.persistence.schema.tables import OWN_PREFIX
from savctl.usecases.database.status import verify
from tests.crash.fork_server import Process
from tests.schema.upgrades import upgrading

PROJECT = Path(__file__).resolve().parents[2]
LARAVEL = Path(__file__).with_name("laravel.sql")


def load_laravel(database: Database) -> None:
    """Make the schema and the rows that Laravel's migrations and a few requests would make."""
    lines = LARAVEL.read_text(encoding="utf-8").splitlines()
    run_sql(database, *(line for line in lines if line and not line.startswith("--")))


def run_sql(database: Database, *statements: str) -> None:
    """Run statements as another program would."""
    with database.engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement.replace("%", "%%").rstrip(";"))
        connection.commit()


def foreign_fingerprints(database: Database) -> dict[str, str]:
    """For each table that is not savctl's: its definition and all its rows, as one digest."""
    with database.reading() as connection:
        names = [n for n in inspect(connection).get_table_names() if not n.startswith(OWN_PREFIX)]
        return {name: _fingerprint(connection, name) for name in names}


def errors_of(database: Database) -> list[str]:
    """The differences that stop an adoption, as lines."""
    return [d.as_line() for d in verify(database) if d.level is DifferenceLevel.ERROR]


def found(differences: list[Difference], table: str, column: str | None) -> list[Difference]:
    """The differences of one column."""
    return [d for d in differences if (d.table, d.column) == (table, column)]


def start_host(database: Database, command: str, *, kill_after: int | None = None) -> Process:
    """Another process that upgrades or adopts the same database."""
    url = database.url.render_as_string(hide_password=False)
    return Process(partial(upgrading.main, url, command, kill_after), os.environ)


def _fingerprint(connection: Connection, name: str) -> str:
    quoted = connection.dialect.identifier_preparer.quote(name)
    if connection.dialect.name == "sqlite":
        query = text("SELECT sql FROM sqlite_master WHERE tbl_name = :name ORDER BY name")
        shown = str(connection.execute(query, {"name": name}).all())
    else:
        shown = str(connection.execute(text(f"SHOW CREATE TABLE {quoted}")).all())
    rows = connection.execute(text(f"SELECT * FROM {quoted} ORDER BY 1")).all()
    return hashlib.sha256(f"{shown}\n{[tuple(row) for row in rows]}".encode()).hexdigest()
