"""A database with everything awkward in it, and the environment that backs it up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from savctl.persistence.engine import Database
from savctl.persistence.schema.tables import metadata
from tests.conftest import Cli, Outcome

FAMILY = "👨‍👩‍👧‍👦"  # seven code points
AWKWARD = (
    f"O'Hara \\ \"q\" {FAMILY} ');\nINSERT INTO `x` VALUES (1),(2);\n-- Dump completed\r\n\t\x1b"
)
METADATA = '{"z": 1,  "a": "\\u00e9", "list": [1, 2.50]}'


def dump_program(database: Database) -> str:
    """The name of the program that dumps this server."""
    with database.engine.connect() as connection:
        is_mariadb = "MariaDB" in connection.exec_driver_sql("SELECT VERSION()").scalar_one()
    return "mariadb-dump" if is_mariadb else "mysqldump"


def backed_up(monkeypatch: pytest.MonkeyPatch, folder: Path, **more: str) -> None:
    """Set the place of backups to a folder."""
    monkeypatch.setenv("SAVCTL_BACKUP_URL", f"file://{folder}")
    for name, value in more.items():
        monkeypatch.setenv(name, value)


def answer(outcome: Outcome, *, code: int = 0) -> Any:
    """The JSON of a command that ended with this code."""
    assert outcome.code == code, outcome.err
    return json.loads(outcome.out)


def create(cli: Cli) -> dict[str, Any]:
    made: dict[str, Any] = answer(cli("backup", "create", "-o", "json"))
    return made


def write(database: Database, statement: str, **values: object) -> None:
    with database.engine.connect() as connection, connection.begin():
        connection.execute(text(statement), values)


def awkward(database: Database) -> None:
    """Rows that break careless dumps."""
    write(
        database,
        "INSERT INTO support_tickets (id, ticket_number, user_id, subject, description, priority, "
        "status, metadata, created_at, updated_at) VALUES (7, 'TKT-AWKWARD', 456, :text, :text, "
        "'medium', 'open', :metadata, '2025-10-03 10:30:00', '2025-10-03 10:30:00')",
        text=AWKWARD,
        metadata=METADATA,
    )
    for number in range(1, 60):
        write(
            database,
            "INSERT INTO ticket_messages (ticket_id, sender_id, sender_type, message, "
            "is_internal, created_at, updated_at) VALUES (7, 456, 'customer', :text, 0, "
            "'2025-10-03 10:30:00', '2025-10-03 10:30:00')",
            text=f"{number} {AWKWARD}",
        )


def everything(database: Database) -> dict[str, list[Any]]:
    """Every row of every table that does not change by itself."""
    left_out = {"savctl_leases", "savctl_commits", "savctl_backups", "savctl_meta"}
    with database.engine.connect() as connection:
        return {
            name: sorted(map(repr, connection.execute(text(f"SELECT * FROM {name}")).all()))
            for name in metadata.tables
            if name not in left_out
        }


def doctors_line(cli: Cli) -> str:
    """The line `backup` of `doctor`: its level and what it found."""
    rows = json.loads(cli("doctor", "-o", "json").out)
    (line,) = (row for row in rows if row["check"] == "backup")
    return f"{line['level']}: {line['found']}"
