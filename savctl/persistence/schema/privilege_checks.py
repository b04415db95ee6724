"""What may really be done on this database, tried and rolled back."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    Executable,
    Integer,
    Table,
    bindparam,
    cast,
    delete,
    false,
    func,
    insert,
    select,
    update,
)
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
    """By how many seconds the server takes a TIMESTAMP that is sent to it for another instant.

    It reads what is sent in the session's zone, for a comparison as for a row that is stored. So
    nothing is stored for it: a ticket that is rolled back would use up an id.
    """
    kind = support_tickets.c.created_at.type
    with database.reading() as connection:
        sent = bindparam("sent", _KNOWN, type_=kind)
        if connection.dialect.name == "sqlite":
            counted: ColumnElement[float] = cast(func.strftime("%s", sent), Integer)
        else:
            counted = func.unix_timestamp(sent)
        return float(connection.execute(select(counted)).scalar_one()) - _KNOWN.timestamp()


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
