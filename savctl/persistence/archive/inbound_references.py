"""Rows that hang on a ticket and are not its own: other programs' tables, other tickets' files.

Deleting a ticket would delete such rows with it, or be refused. Neither may happen by the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from savctl.persistence.schema.tables import (
    metadata,
    support_tickets,
    ticket_attachments,
    ticket_messages,
)

_WATCHED = (support_tickets.name, ticket_messages.name, ticket_attachments.name)


@dataclass(frozen=True, slots=True)
class Reference:
    """A column of another program's table, and the table of ours it points into."""

    table: str
    column: str
    to: str


def references(connection: Connection) -> list[Reference]:
    """Every foreign key of other programs' tables onto ours; most often none."""
    if connection.dialect.name == "sqlite":
        return _in_sqlite(connection)
    rows = connection.execute(
        text(
            "SELECT TABLE_NAME, COLUMN_NAME, REFERENCED_TABLE_NAME "
            "FROM information_schema.KEY_COLUMN_USAGE "
            "WHERE REFERENCED_TABLE_SCHEMA = DATABASE() AND TABLE_SCHEMA = DATABASE() "
            "AND REFERENCED_TABLE_NAME IN "
            "('support_tickets', 'ticket_messages', 'ticket_attachments')"
        )
    )
    return [Reference(*row) for row in rows if row[0] not in metadata.tables]


def referenced_tickets(
    connection: Connection, found: Sequence[Reference], ticket_ids: Sequence[int]
) -> dict[int, str]:
    """Those of the tickets that a row of another program refers to, with its table."""
    named: dict[int, str] = {}
    if not found or not ticket_ids:
        return named
    ids = ", ".join(str(int(ticket_id)) for ticket_id in ticket_ids)
    quote = connection.dialect.identifier_preparer.quote
    for one in found:
        theirs, column = quote(one.table), quote(one.column)
        ours = "id" if one.to == support_tickets.name else "ticket_id"
        rows = connection.execute(
            text(
                f"SELECT DISTINCT ours.{ours} FROM {one.to} AS ours "  # noqa: S608
                f"JOIN {theirs} AS theirs ON theirs.{column} = ours.id "
                f"WHERE ours.{ours} IN ({ids})"
            )
        )
        named |= dict.fromkeys(rows.scalars(), one.table)
    return named


def cross_ticket_attachments(
    connection: Connection, ticket_ids: Sequence[int]
) -> dict[int, tuple[int, int]]:
    """Those of the tickets that share an attachment with another one: it is on one of them, the
    message it hangs on on the other. With the attachment and the other ticket."""
    if not ticket_ids:
        return {}
    ids = ", ".join(str(int(ticket_id)) for ticket_id in ticket_ids)
    # in the order given: where few files hang on messages, the servers would read all of them
    join = "JOIN" if connection.dialect.name == "sqlite" else "STRAIGHT_JOIN"
    rows = connection.execute(
        text(
            "SELECT m.ticket_id, a.id, a.ticket_id "  # noqa: S608
            f"FROM ticket_messages AS m {join} ticket_attachments AS a ON a.message_id = m.id "
            f"WHERE m.ticket_id IN ({ids}) AND a.ticket_id <> m.ticket_id UNION ALL "
            "SELECT a.ticket_id, a.id, m.ticket_id "
            f"FROM ticket_attachments AS a {join} ticket_messages AS m ON m.id = a.message_id "
            f"WHERE a.ticket_id IN ({ids}) AND a.ticket_id <> m.ticket_id"
        )
    )
    return {ticket_id: (attachment, other) for ticket_id, attachment, other in rows}


def _in_sqlite(connection: Connection) -> list[Reference]:
    query = "SELECT name FROM sqlite_master WHERE type = 'table'"
    tables = [
        str(name)
        for name in connection.exec_driver_sql(query).scalars()
        if name not in metadata.tables
    ]
    quote = connection.dialect.identifier_preparer.quote
    return [
        Reference(table, str(row["from"]), str(row["table"]))
        for table in tables
        for row in connection.exec_driver_sql(
            f"PRAGMA foreign_key_list({quote(table)})"
        ).mappings()
        if row["table"] in _WATCHED
    ]
