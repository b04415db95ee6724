"""Many rows with few statements, past SQLAlchemy's per-row work: batches live or die by it.

The statements hold only names of ours and placeholders; every value is bound. To the servers
long texts go as bytes, because PyMySQL writes those in hexadecimal at once, while it looks at
each character of a string: thirty times as long for JSON, which is full of quotes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table

from savctl.domain.model.metadata import Metadata
from savctl.domain.model.ticket import TICKET_COLUMNS, Ticket
from savctl.persistence.noted_tickets import note_changed
from savctl.persistence.schema.tables import support_tickets
from savctl.persistence.sql import chunks, id_list, placeholder, placeholders
from savctl.persistence.types import time_text

# The server walks the arms of a CASE one by one, for each row: a hundred at a time cost less
# than a thousand, and far less than a statement for each row.
_ARMS = 100


def insert_rows(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    rows: Sequence[tuple[Any, ...]],
    *,
    replaces: bool = False,
) -> None:
    """Insert rows of driver values (times as text, long texts by `long_text`).

    With `replaces`, a row of the same primary key gives way; all three databases know REPLACE.
    """
    if rows:
        verb = "REPLACE" if replaces else "INSERT"
        marks = placeholders(connection, len(columns))
        statement = f"{verb} INTO {table.name} ({', '.join(columns)}) VALUES ({marks})"
        connection.exec_driver_sql(statement, list(rows))


def long_text(connection: Connection, text: str) -> str | bytes:
    """A value for a TEXT column of `insert_rows`."""
    return text if connection.dialect.name == "sqlite" else text.encode()


def insert_tickets(connection: Connection, tickets: Sequence[Ticket]) -> list[int]:
    """Insert new tickets; answers their ids in the same order.

    The ids are asked for by ticket number: arithmetic on the last id is wrong on a cluster.
    """
    rows = [_ticket_row(ticket) for ticket in tickets]
    insert_rows(connection, support_tickets, _TICKET_COLUMNS, rows)
    numbers = [ticket.ticket_number for ticket in tickets]
    found = rows_in(connection, support_tickets, ("ticket_number", "id"), numbers)
    ids = {row[0]: row[1] for row in found}
    return [ids[number] for number in numbers]


def rows_in(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    values: Sequence[Any],
    **equal: Any,
) -> list[Any]:
    """The rows whose first named column has one of the values, and others have theirs.

    SQLAlchemy's `in_` leaves every list it is given to the garbage collector.
    """
    mark = placeholder(connection)
    places = ", ".join([mark] * len(values))
    also = "".join(f" AND {name} = {mark}" for name in equal)
    query = f"SELECT {', '.join(columns)} FROM {table.name} WHERE {columns[0]} IN ({places}){also}"  # noqa: S608
    return list(connection.exec_driver_sql(query, (*values, *equal.values())))


def update_in(
    connection: Connection,
    table: Table,
    column: str,
    values: Sequence[Any],
    **sets: Any,
) -> int:
    """Set columns of the rows whose column has one of the values; answers how many there were."""
    if not values:
        return 0
    _note(connection, table, column, values)
    mark = placeholder(connection)
    places = ", ".join([mark] * len(values))
    given = ", ".join(f"{name} = {mark}" for name in sets)
    statement = f"UPDATE {table.name} SET {given} WHERE {column} IN ({places})"  # noqa: S608
    return int(connection.exec_driver_sql(statement, (*sets.values(), *values)).rowcount)


def delete_in(connection: Connection, table: Table, column: str, values: Sequence[Any]) -> None:
    """Delete the rows whose column has one of the values."""
    if values:
        _note(connection, table, column, values)
        places = placeholders(connection, len(values))
        statement = f"DELETE FROM {table.name} WHERE {column} IN ({places})"  # noqa: S608
        connection.exec_driver_sql(statement, tuple(values))


def _note(connection: Connection, table: Table, column: str, values: Sequence[Any]) -> None:
    """Rows that are found by their ticket: the service may have it in its cache."""
    if column == "ticket_id" or (table.name, column) == ("support_tickets", "id"):
        note_changed(connection, values)


def update_tickets(
    connection: Connection, changes: Sequence[tuple[Ticket, Ticket]], columns: Sequence[str]
) -> None:
    """Write tickets back (before, after); columns that no ticket changed are left alone.

    One whose row has a value that this server would not take now is written by itself, so that
    the value is not written again.
    """
    plain = [change for change in changes if not change[0].odd_values]
    parts = [*chunks(plain, _ARMS), *([change] for change in changes if change[0].odd_values)]
    for chunk in parts:
        if names := [name for name in columns if any(_is_changed(*pair, name) for pair in chunk)]:
            _update_chunk(connection, chunk, names)


def update_metadata(connection: Connection, rows: Sequence[tuple[int, Metadata]]) -> None:
    """Write the metadata of tickets back, and no other column of their rows."""
    for chunk in chunks(rows, _ARMS):
        sets, values = _column(connection, "metadata", chunk)
        ids = [ticket_id for ticket_id, _ in chunk]
        statement = f"UPDATE support_tickets SET {sets} WHERE id IN ({id_list(ids)})"  # noqa: S608
        connection.exec_driver_sql(statement, tuple(values))
        note_changed(connection, ids)


def update_texts(
    connection: Connection, table: Table, column: str, rows: Sequence[tuple[int, str]], **sets: Any
) -> None:
    """Write a long text of each row (its id, its text), and what all rows get alike."""
    for chunk in chunks(rows, _ARMS):
        words, values = _case(
            connection, column, [(i, long_text(connection, text)) for i, text in chunk]
        )
        mark = placeholder(connection)
        names = ", ".join([words, *(f"{name} = {mark}" for name in sets)])
        values += [_plain(value) for value in sets.values()]
        ids = id_list([row_id for row_id, _ in chunk])
        statement = f"UPDATE {table.name} SET {names} WHERE id IN ({ids})"  # noqa: S608
        connection.exec_driver_sql(statement, tuple(values))


def changed_columns(before: Ticket, after: Ticket, columns: Sequence[str]) -> tuple[str, ...]:
    """The columns in which two states of a ticket differ.

    Other metadata is another object: to compare its text would cost more than to write it.
    """
    return tuple([name for name in columns if _is_changed(before, after, name)])


def _is_changed(before: Ticket, after: Ticket, name: str) -> bool:
    old, new = getattr(before, name), getattr(after, name)
    return old is not new and (isinstance(new, Metadata) or old != new)


def _update_chunk(
    connection: Connection, chunk: Sequence[tuple[Ticket, Ticket]], names: Sequence[str]
) -> None:
    """`UPDATE … SET column = CASE id WHEN … END` means the same on all three databases."""
    sets: list[str] = []
    values: list[Any] = []
    for name in names:
        found = _column(connection, name, [(new.id, getattr(new, name)) for _, new in chunk])
        sets.append(found[0])
        values += found[1]
    ids = [after.id for _, after in chunk]
    columns = ", ".join(sets)
    statement = f"UPDATE support_tickets SET {columns} WHERE id IN ({id_list(ids)})"  # noqa: S608
    connection.exec_driver_sql(statement, tuple(values))
    note_changed(connection, ids)


_TICKET_COLUMNS = TICKET_COLUMNS[1:]  # the server gives the id


def _ticket_row(ticket: Ticket) -> tuple[Any, ...]:
    return tuple([_plain(getattr(ticket, name)) for name in _TICKET_COLUMNS])


def _column(
    connection: Connection, name: str, rows: Sequence[tuple[int, Any]]
) -> tuple[str, list[Any]]:
    """How a column gets the values of these tickets: the words of SET, and what they bind."""
    return _case(connection, name, [(i, bound_value(connection, value)) for i, value in rows])


def _case(
    connection: Connection, name: str, rows: Sequence[tuple[int, Any]]
) -> tuple[str, list[Any]]:
    """The same of values as the driver takes them."""
    bound = [value for _, value in rows]
    mark = placeholder(connection)
    values: list[Any] = []
    if bound.count(bound[0]) == len(bound):
        value = mark
        values.append(bound[0])
    else:
        arms = "".join([f"WHEN {row_id:d} THEN {mark} " for row_id, _ in rows])
        value = f"CASE id {arms}END"
        values += bound
    if any(isinstance(one, bytes) for one in bound):
        value = f"CONVERT({value} USING utf8mb4)"  # MySQL takes no bytes for a JSON column
    return f"{name} = {value}", values


def bound_value(connection: Connection, value: Any) -> Any:
    """A value of an UPDATE as the driver takes it; long texts by `long_text`."""
    plain = _plain(value)
    if isinstance(value, Metadata) and plain is not None:
        return long_text(connection, plain)
    return plain


def _plain(value: Any) -> Any:
    """A value as every driver takes it; MySQL takes no bytes for a JSON column."""
    if isinstance(value, datetime):
        return time_text(value)
    if isinstance(value, Metadata):
        return value.text()
    return str(value) if isinstance(value, str) else value
