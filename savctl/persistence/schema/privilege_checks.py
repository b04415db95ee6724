"""What may really be done on this database, tried and rolled back."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from sqlalchemy import Connection, Executable, Table, delete, false, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from savctl.persistence.driver_errors import number_of
from savctl.persistence.engine import Database
from savctl.persistence.schema.tables import SERVICE_TABLES, metadata, support_tickets

_DENIED = {1142, 1143, 1044, 1227}
_LESS: dict[str, tuple[str, ...]] = {
    "jobs": ("SELECT",),
    "cache": ("SELECT", "DELETE"),
    "cache_locks": ("SELECT", "DELETE"),
}
_ALL = ("SELECT", "INSERT", "UPDATE", "DELETE")
_KNOWN = datetime(2025, 7, 1, 12, 34, 56, tzinfo=UTC)  # in July a summer time would show


def denied(database: Database, *, with_own: bool) -> list[str]:
    """What this user may not do that savctl needs, as `DELETE on support_tickets`.

    Each statement is real and touches no row: the server checks the privilege all the same.

    Raises:
        Unavailable: the database is read-only, or gone.
    """
    tables = tuple(metadata.tables.values()) if with_own else SERVICE_TABLES

    def work(connection: Connection) -> list[str]:
        return [
            f"{verb} on {table.name}"
            for table in tables
            for verb in _LESS.get(table.name, _ALL)
            if _is_denied(connection, _statement(verb, table))
        ]

    return database.transaction(work, dry_run=True)


def stored_time_error(database: Database) -> float:
    """By how many seconds a TIMESTAMP that was written differs when it is read again.

    A ticket is inserted and rolled back; on a server that uses up one id.
    """

    def work(connection: Connection) -> float:
        number = f"savctl-doctor-{uuid.uuid4()}"
        values = {"ticket_number": number, "user_id": 1, "subject": "-", "description": "-"}
        connection.execute(
            insert(support_tickets).values(**values, created_at=_KNOWN, updated_at=_KNOWN)
        )
        return _seconds(connection, number) - _KNOWN.timestamp()

    return database.transaction(work, dry_run=True)


def _seconds(connection: Connection, number: str) -> float:
    """The stored instant as the server itself counts it, past every time zone."""
    if connection.dialect.name == "sqlite":
        spelled = "CAST(strftime('%s', created_at) AS INTEGER)"
    else:
        spelled = "UNIX_TIMESTAMP(created_at)"
    query = text(f"SELECT {spelled} FROM support_tickets WHERE ticket_number = :number")  # noqa: S608
    return float(connection.execute(query, {"number": number}).scalar_one())


def _statement(verb: str, table: Table) -> Executable:
    column = next(iter(table.columns))
    match verb:
        case "SELECT":
            return select(column).where(false())
        case "INSERT":
            nothing = select(*table.columns).where(false())
            return insert(table).from_select(table.columns.keys(), nothing)
        case "UPDATE":
            return update(table).where(false()).values({column: column})
        case _:
            return delete(table).where(false())


def _is_denied(connection: Connection, statement: Executable) -> bool:
    try:
        with connection.begin_nested():
            connection.execute(statement)
    except DBAPIError as problem:
        if number_of(problem) in _DENIED:
            return True
        raise
    return False
