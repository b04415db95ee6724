"""Tickets as whole rows: every column that is there, other programs' too, value for value.

What is read here can be inserted again so that no query shows a difference.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import Connection, Table

from savctl.persistence.archive.row_digests import digest_sql, together
from savctl.persistence.archive.row_values import NotFaithful, PlainRow, bound, plain_by
from savctl.persistence.archive.snapshot_columns import TIMES, Columns, select_rows
from savctl.persistence.bulk import delete_in, insert_rows
from savctl.persistence.schema.tables import (
    files,
    support_tickets,
    ticket_attachments,
    ticket_messages,
)
from savctl.persistence.sql import chunks, fetched, placeholders, quoted_name


@dataclass(slots=True)
class TicketSnapshot:
    """A ticket with everything that is only its own; `files` are marks of its attachments.

    `digests` are those of its rows as a server computed them when it handed them out: two equal
    lists are two equal tickets. SQLite has none.
    """

    ticket: PlainRow
    messages: list[PlainRow] = field(default_factory=list)
    attachments: list[PlainRow] = field(default_factory=list)
    files: list[PlainRow] = field(default_factory=list)
    digests: list[str] = field(default_factory=list, compare=False)


def read_whole(
    connection: Connection, columns: Columns, ids: Sequence[int], *, lock: bool = False
) -> dict[int, TicketSnapshot]:
    """These tickets in id order; with `lock` those that nobody else holds, all rows locked.

    Raises:
        NotFaithful: a value could not be brought back exactly.
    """
    read = partial(_rows, connection, columns)
    found: dict[int, TicketSnapshot] = {}
    for row, digest in read("support_tickets", "id", ids, lock="SKIP LOCKED" * lock):
        found[row["id"]] = TicketSnapshot(row, digests=digest)
    there, wait = list(found), " " * lock
    message_digests: dict[int, list[str]] = defaultdict(list)
    for row, digest in read("ticket_messages", "ticket_id", there, lock=wait):
        found[row["ticket_id"]].messages.append(row)
        message_digests[row["ticket_id"]] += digest
    for ticket_id, digests in message_digests.items():
        found[ticket_id].digests += together(digests)
    owner: dict[int, TicketSnapshot] = {}
    for row, digest in read("ticket_attachments", "ticket_id", there, lock=wait):
        owner[row["id"]] = found[row["ticket_id"]]
        owner[row["id"]].attachments.append(row)
        owner[row["id"]].digests += digest
    for row, digest in read(files.name, "attachment_id", list(owner), lock=""):
        owner[row["attachment_id"]].files.append(row)
        owner[row["attachment_id"]].digests += digest
    return found


def insert_whole(connection: Connection, columns: Columns, whole: TicketSnapshot) -> None:
    """Store a ticket with everything as it was; the caller has looked for collisions.

    Raises:
        NotFaithful: a column of then is not there any more.
    """
    insert_rows_of(connection, columns, support_tickets, [whole.ticket])
    insert_parts(connection, columns, whole)


def insert_parts(connection: Connection, columns: Columns, whole: TicketSnapshot) -> None:
    """Store what hangs on a ticket, without the ticket's own row.

    Raises:
        NotFaithful: a column of then is not there any more.
    """
    insert_rows_of(connection, columns, ticket_messages, whole.messages)
    insert_rows_of(connection, columns, ticket_attachments, whole.attachments)
    insert_rows_of(connection, columns, files, whole.files)


def insert_rows_of(
    connection: Connection, columns: Columns, table: Table, rows: Sequence[PlainRow]
) -> None:
    """Store rows of one table as they were.

    Raises:
        NotFaithful: a column of then is not there any more.
    """
    times = TIMES[table.name]
    for row in rows:
        names = [name for name in row if name in columns[table.name]]
        lost = [n for n in row if n not in columns[table.name] and row[n] is not None]
        if lost:
            raise NotFaithful(f"{table.name} has no column {', '.join(lost)} any more")
        values = [bound(row[name], is_time=name in times) for name in names]
        quoted = [quoted_name(connection, name) for name in names]
        insert_rows(connection, table, quoted, [tuple(values)])


def delete_whole(connection: Connection, whole: Collection[TicketSnapshot]) -> None:
    """Delete locked tickets with everything that was read of them."""
    ids = [one.ticket["id"] for one in whole]
    attached = [row["attachment_id"] for one in whole for row in one.files]
    delete_in(connection, files, "attachment_id", attached)
    if any(one.attachments for one in whole):
        delete_in(connection, ticket_attachments, "ticket_id", ids)
    if any(one.messages for one in whole):
        delete_in(connection, ticket_messages, "ticket_id", ids)
    delete_in(connection, support_tickets, "id", ids)


def conflicts(connection: Connection, whole: TicketSnapshot) -> list[str]:
    """What stands in the way of bringing a ticket back: ids and numbers that are in use."""
    number = whole.ticket["ticket_number"]
    wanted: tuple[tuple[str, str, list[Any]], ...] = (
        ("support_tickets", "id", [whole.ticket["id"]]),
        ("support_tickets", "ticket_number", [number]),
        ("ticket_messages", "id", [row["id"] for row in whole.messages]),
        ("ticket_attachments", "id", [row["id"] for row in whole.attachments]),
    )
    found = []
    for table, column, values in wanted:
        for some in chunks(values, 1_000):
            places = placeholders(connection, len(some))
            query = f"SELECT {column} FROM {table} WHERE {column} IN ({places})"  # noqa: S608
            found += [f"{table}.{column} {row[0]}" for row in fetched(connection, query, some)]
    return found


def _rows(
    connection: Connection,
    columns: Columns,
    table: str,
    column: str,
    values: Sequence[int],
    *,
    lock: str,
) -> Iterator[tuple[PlainRow, list[str]]]:
    """The rows in the order of their ids, each with its digest, in a list; none on SQLite."""
    names = columns[table]
    is_sqlite = connection.dialect.name == "sqlite"
    wanted = [_selected(connection, table, name) for name in names]
    wanted += [] if is_sqlite else [digest_sql(connection, names)]
    plain = plain_by(names, table, is_sqlite=is_sqlite)
    width = len(names)
    for row in select_rows(connection, wanted, table, column, values, lock):
        yield plain(row[:width]), list(row[width:])


def _selected(connection: Connection, table: str, name: str) -> str:
    """A column; a server spells times as bundles do, the driver would take them apart first."""
    quoted = quoted_name(connection, name)
    if name not in TIMES[table] or connection.dialect.name == "sqlite":
        return quoted
    return f"CONCAT(REPLACE(CAST({quoted} AS CHAR), ' ', 'T'), 'Z')"
