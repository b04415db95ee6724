"""The rows of one ticket, put back beside those that are there (rules 17.4)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Table, delete, func, select, text
from sqlalchemy.exc import IntegrityError

from savctl.domain.model.references import Digits, Reference, ambiguous
from savctl.persistence.archive.putting_back import (
    InsertRefused,
    require_same,
    taking_everything,
)
from savctl.persistence.archive.row_values import PlainRow, bound
from savctl.persistence.archive.snapshot_columns import (
    TIMES,
    Columns,
    columns_of,
    key_of,
    select_rows,
)
from savctl.persistence.archive.ticket_snapshot import (
    TicketSnapshot,
    conflicts,
    insert_rows_of,
    read_whole,
)
from savctl.persistence.bulk import delete_in
from savctl.persistence.schema.tables import (
    files,
    support_tickets,
    ticket_attachments,
    ticket_messages,
)
from savctl.persistence.sql import placeholder, quoted_name

PARTS = (
    (support_tickets, "ticket"),
    (ticket_messages, "messages"),
    (ticket_attachments, "attachments"),
    (files, "files"),
)


def read_ticket(connection: Connection, ref: Reference) -> TicketSnapshot | None:
    """The ticket of this number or id with all its rows; None when there is none.

    Raises:
        AmbiguousReference: the number of one ticket is the id of another.
        NotFaithful: a value could not be brought back exactly.
    """
    ticket_id = _id_of(connection, ref)
    return None if ticket_id is None else _whole(connection, ticket_id)


def newest_ticket(connection: Connection) -> int | None:
    """The highest id of a ticket; None where there is none."""
    found = connection.execute(select(func.max(support_tickets.c.id))).scalar()
    return None if found is None else int(found)


def remove_ticket(connection: Connection, ticket_id: int) -> None:
    """Delete a ticket with all its rows, as an accident would."""
    for table, name in reversed(PARTS):
        column = table.c.id if name == "ticket" else table.c.ticket_id
        connection.execute(delete(table).where(column == ticket_id))


def lock_ticket(connection: Connection, ticket_id: int) -> TicketSnapshot | None:
    """The ticket of this id as it is now, locked against every other writer."""
    if not select_rows(connection, ["id"], support_tickets.name, "id", [ticket_id], " "):
        return None
    return _whole(connection, ticket_id)


def others_in_the_way(
    connection: Connection, wanted: TicketSnapshot, now: TicketSnapshot | None
) -> list[str]:
    """Ids and the number of the ticket that belong to something else now."""
    mine = TicketSnapshot(dict(wanted.ticket))
    mine.messages = _lacking(wanted.messages, now.messages if now else [])
    mine.attachments = _lacking(wanted.attachments, now.attachments if now else [])
    found = conflicts(connection, mine)
    if now is None:
        return found
    its_own = {
        f"support_tickets.id {now.ticket['id']}",
        f"support_tickets.ticket_number {now.ticket['ticket_number']}",
    }
    return [name for name in found if name not in its_own]


def put_rows(connection: Connection, wanted: TicketSnapshot, now: TicketSnapshot | None) -> None:
    """Insert what is missing and change what differs, and read all of it again.

    Raises:
        NotFaithful: a row would be another one; nothing is to be committed then.
        InsertRefused: the database refuses a row for what it is.
    """
    columns = columns_of(connection)
    with taking_everything(connection):
        try:
            for table, name in PARTS:
                _put(connection, columns, table, rows_of(wanted, name), rows_of(now, name))
        except IntegrityError as problem:
            raise InsertRefused(str(problem.orig)) from problem
    require_same(connection, columns, wanted)


def rows_of(whole: TicketSnapshot | None, name: str) -> list[PlainRow]:
    """The rows of one of `PARTS`; none of no ticket."""
    if whole is None:
        return []
    return [whole.ticket] if name == "ticket" else list(getattr(whole, name))


def _put(
    connection: Connection,
    columns: Columns,
    table: Table,
    wanted: Sequence[PlainRow],
    now: Sequence[PlainRow],
) -> None:
    key = key_of(table.name)
    there = {row[key]: row for row in now}
    missing = [row for row in wanted if row[key] not in there]
    if table is files:  # rows of these ids are left over from records that somebody removed
        delete_in(connection, files, key, [row[key] for row in missing])
    insert_rows_of(connection, columns, table, missing)
    for row in wanted:
        if row[key] in there and row != there[row[key]]:
            _update(connection, columns, table, row)


def _update(connection: Connection, columns: Columns, table: Table, row: PlainRow) -> None:
    """Every column is set: one that is left out may set itself, as `updated_at` does."""
    times, key = TIMES[table.name], key_of(table.name)
    names = [name for name in row if name in columns[table.name] and name != key]
    mark = placeholder(connection)
    parts = ", ".join(f"{quoted_name(connection, name)} = {mark}" for name in names)
    values = [bound(row[name], is_time=name in times) for name in names]
    connection.exec_driver_sql(
        f"UPDATE {table.name} SET {parts} WHERE {key} = {mark}",  # noqa: S608
        (*values, row[key]),
    )


def _id_of(connection: Connection, ref: Reference) -> int | None:
    by_number = None
    if isinstance(ref, str):
        query = text("SELECT id FROM support_tickets WHERE ticket_number = :number")
        by_number = connection.execute(query, {"number": str(ref)}).scalar()
    as_id = ref.as_id if isinstance(ref, Digits) else ref if isinstance(ref, int) else None
    by_id = None
    if as_id is not None:
        query = text("SELECT ticket_number FROM support_tickets WHERE id = :id")
        by_id = connection.execute(query, {"id": as_id}).scalar()
    if by_number is not None and by_id is not None and int(by_number) != as_id:
        raise ambiguous(str(ref), number_of=int(by_number), id_of=str(by_id))
    if by_number is not None:
        return int(by_number)
    return as_id if by_id is not None else None


def _whole(connection: Connection, ticket_id: int) -> TicketSnapshot | None:
    return read_whole(connection, columns_of(connection), [ticket_id]).get(ticket_id)


def _lacking(wanted: Sequence[PlainRow], now: Sequence[PlainRow]) -> list[PlainRow]:
    there = {row["id"] for row in now}
    return [row for row in wanted if row["id"] not in there]
