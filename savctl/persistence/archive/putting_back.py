"""A ticket's rows put back as they were, and seen to be the same (rules 9.1, 20.10).

What a strict server refuses to insert, such as a zero date, another program may have stored: the
session is made to take everything for the moment, and what arrived is read again and compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from savctl.persistence.archive.reading_back import read_back
from savctl.persistence.archive.row_values import NotFaithful, PlainRow
from savctl.persistence.archive.snapshot_columns import Columns
from savctl.persistence.archive.ticket_snapshot import TicketSnapshot, insert_whole

_STRICT = frozenset(
    (
        "STRICT_TRANS_TABLES",
        "STRICT_ALL_TABLES",
        "NO_ZERO_DATE",
        "NO_ZERO_IN_DATE",
        "TRADITIONAL",
        "ERROR_FOR_DIVISION_BY_ZERO",
    )
)
_NEEDED = ("NO_AUTO_VALUE_ON_ZERO", "ALLOW_INVALID_DATES")


class InsertRefused(ValueError):
    """A constraint of the database stands against a row of the ticket."""


def lacking_parents(whole: TicketSnapshot) -> str | None:
    """The attachments whose message is not part of the ticket, in words; None for none."""
    messages = {row["id"] for row in whole.messages}
    lacking = [
        f"message {row['message_id']} of attachment {row['id']}"
        for row in whole.attachments
        if row["message_id"] is not None and row["message_id"] not in messages
    ]
    return f"{', '.join(lacking)} is missing" if lacking else None


def put_back(connection: Connection, columns: Columns, whole: TicketSnapshot) -> None:
    """Insert every row of a ticket as it is; the caller has looked for collisions.

    Raises:
        NotFaithful: a row would be another one; nothing is to be committed then.
        InsertRefused: the database refuses a row for what it is.
    """
    with taking_everything(connection):
        try:
            insert_whole(connection, columns, whole)
        except IntegrityError as problem:
            raise InsertRefused(str(problem.orig)) from problem
    require_same(connection, columns, whole)


def require_same(connection: Connection, columns: Columns, whole: TicketSnapshot) -> None:
    """Pass when the ticket's rows are these, value for value.

    Raises:
        NotFaithful: the first difference, by table, id and column.
    """
    found = read_back(connection, columns, [whole]).get(whole.ticket["id"])
    if found is None:
        raise NotFaithful(f"support_tickets {whole.ticket['id']} cannot be read again")
    if found != whole and (difference := _difference(whole, found)):
        raise NotFaithful(difference)


def _difference(wanted: TicketSnapshot, found: TicketSnapshot) -> str | None:
    tables: tuple[tuple[str, str, list[PlainRow], list[PlainRow]], ...] = (
        ("support_tickets", "id", [wanted.ticket], [found.ticket]),
        ("ticket_messages", "id", wanted.messages, found.messages),
        ("ticket_attachments", "id", wanted.attachments, found.attachments),
        ("savctl_files", "attachment_id", wanted.files, found.files),
    )
    for table, key, before, after in tables:
        there = {row[key]: row for row in after}
        for row in before:
            if row[key] not in there:
                return f"{table} {row[key]} is not restored"
            if names := _other_columns(row, there[row[key]]):
                return f"{table} {row[key]} would have another {', '.join(names)}"
    return None


def _other_columns(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """A column that was added since then has its default; one that is gone had nothing."""
    return [n for n in wanted if n in found and found[n] != wanted[n]]


@contextmanager
def taking_everything(connection: Connection) -> Iterator[None]:
    """A session that takes every value that a row can have; afterwards as it was."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        try:
            yield
        finally:
            connection.exec_driver_sql("PRAGMA ignore_check_constraints = OFF")
        return
    modes = str(connection.exec_driver_sql("SELECT @@SESSION.sql_mode").scalar()).split(",")
    lenient = [mode for mode in modes if mode and mode not in _STRICT]
    _set_session(connection, ",".join((*lenient, *_NEEDED)), checks=0)
    try:
        yield
    finally:
        _set_session(connection, ",".join(modes), checks=1)


def _set_session(connection: Connection, modes: str, *, checks: int) -> None:
    is_mariadb = getattr(connection.dialect, "is_mariadb", False)
    also = f", check_constraint_checks = {checks}" if is_mariadb else ""
    connection.exec_driver_sql(
        f"SET SESSION sql_mode = %s, foreign_key_checks = {checks}{also}", (modes,)
    )
