"""A shop with good tickets and one odd ticket of every kind in every status."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from savctl.persistence.engine import Database
from tests.odd_rows.kinds import A, Kind, M, T

AGENT, CUSTOMER = 10, 456
# Where tickets stand, so that every job has something to do with each.
STATES: dict[str, tuple[str, str, str, str]] = {
    # name: status, resolved_at, closed_at, updated_at
    "open": ("open", "NULL", "NULL", "'2026-01-02 00:00:00'"),
    "in_progress": ("in_progress", "NULL", "NULL", "'2026-01-02 00:00:00'"),
    "waiting": ("waiting_customer", "NULL", "NULL", "'2026-01-02 00:00:00'"),
    "resolved": ("resolved", "'2026-01-02 00:00:00'", "NULL", "'2026-01-02 00:00:00'"),
    "old": ("closed", "NULL", "'2025-01-02 00:00:00'", "'2025-01-02 00:00:00'"),
    "lapsed": ("closed", "NULL", "'2016-01-02 00:00:00'", "'2016-01-02 00:00:00'"),
}
GOOD_EACH = 3


def good_statements() -> list[str]:
    """Tickets as the specification wants them."""
    made = []
    for state in STATES:
        for n in range(GOOD_EACH):
            made += _ticket(f"GOOD-{state}-{n}", state)
    return made


def odd_statements(kinds: Sequence[Kind]) -> list[str]:
    """A ticket of every kind in every status."""
    made = []
    for number, kind in enumerate(kinds):
        for state in STATES:
            name = f"ODD-{number}-{state}"
            made += _ticket(name, state)
            column = {T: "ticket_number", M: "message", A: "filename"}[kind.table]
            made.append(f"UPDATE {kind.table} SET {kind.sets} WHERE {column} = '{name}'")
    return made


def write_odd(database: Database, statements: Sequence[str]) -> None:
    """What a program without strict mode, foreign keys and CHECKs writes."""
    if database.is_sqlite:
        path = str(database.url.database)
        with sqlite3.connect(path) as file:
            file.execute("PRAGMA ignore_check_constraints = ON")
            for statement in statements:
                file.execute(statement)
        file.close()
        return
    with database.connection() as connection:
        connection.exec_driver_sql("SET SESSION sql_mode = '', foreign_key_checks = 0")
        if "MariaDB" in str(connection.exec_driver_sql("SELECT VERSION()").scalar()):
            connection.exec_driver_sql("SET SESSION check_constraint_checks = 0")
        for statement in statements:
            connection.exec_driver_sql(statement.replace("%", "%%").replace("\\", "\\\\"))
        connection.commit()
        connection.invalidate()  # its session is not one that others may get


def _ticket(name: str, state: str) -> list[str]:
    status, resolved, closed, updated = STATES[state]
    born = closed if closed != "NULL" else "'2026-01-01 00:00:00'"
    agent = "NULL" if status == "open" else AGENT
    this = f"(SELECT id FROM {T} WHERE ticket_number = '{name}')"
    ticket = (
        f"INSERT INTO {T} (ticket_number, user_id, subject, description, priority, status, "
        "category, assigned_to, resolved_at, closed_at, created_at, updated_at) VALUES "
        f"('{name}', {CUSTOMER}, 's', 'd', 'medium', '{status}', 'c', {agent}, {resolved}, "
        f"{closed}, {born}, {updated})"
    )
    message = (
        f"INSERT INTO {M} (ticket_id, sender_id, sender_type, message, is_internal, created_at, "
        f"updated_at) VALUES ({this}, {AGENT}, 'agent', '{name}', 0, {born}, {born})"
    )
    file = (
        f"INSERT INTO {A} (ticket_id, message_id, original_name, filename, file_path, mime_type, "
        f"file_size, created_at, updated_at) SELECT {this}, id, 'a.txt', '{name}', "
        f"'tickets/1/{name}.txt', 'text/plain', 1, {born}, {born} FROM {M} "
        f"WHERE message = '{name}'"
    )
    return [ticket, message, file]
