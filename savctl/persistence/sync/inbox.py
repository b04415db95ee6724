"""Which messages were taken in already: `savctl_inbox` (rules 14.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import uuid4

from sqlalchemy import Connection, func, select

from savctl.persistence.bulk import rows_in
from savctl.persistence.metrics.totals import TotalKey, add_to_totals
from savctl.persistence.schema.tables import inbox
from savctl.persistence.sql import placeholder
from savctl.persistence.types import time_text

MESSAGES_TOTAL = "savctl_sync_messages_total"
_CONSUMERS = 8
_I = inbox.c
_COLUMNS = ("message_key", "batch", "queue", "received_at")


class Inbox:
    """The inbox of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def claim(self, messages: Sequence[tuple[str, str]], *, at: datetime) -> set[str]:
        """Write down messages (key, queue); answers the keys of those that are new.

        A key that another transaction has written and not committed yet is waited for. In the
        order of the keys, so that two transactions do not wait for each other.
        """
        batch, moment = uuid4().hex, time_text(at, fsp=6)
        rows = [(key, batch, queue, moment) for key, queue in sorted(dict(messages).items())]
        insert_if_absent(self._connection, inbox.name, _COLUMNS, rows)
        keys = [row[0] for row in rows]
        found = rows_in(self._connection, inbox, ("message_key",), keys, batch=batch)
        return {row[0] for row in found}

    def newest(self) -> dict[str, datetime]:
        """When the last message came, by queue."""
        query = select(_I.queue, func.max(_I.received_at)).group_by(_I.queue)
        return {row[0]: row[1] for row in self._connection.execute(query)}


def count_messages(connection: Connection, outcomes: Mapping[tuple[str, str], int]) -> None:
    """Raise the totals by queue and outcome, in the transaction that takes the messages in."""
    counts: dict[TotalKey, int] = {
        (MESSAGES_TOTAL, *labels): count for labels, count in outcomes.items()
    }
    add_to_totals(connection, counts, parts=_CONSUMERS)


def insert_if_absent(
    connection: Connection,
    table: str,
    columns: Sequence[str],
    rows: Sequence[tuple[object, ...]],
) -> None:
    """Insert rows with one statement; one whose primary key is there already stays as it is.

    It is locked all the same: whoever wrote it has committed when this comes back.
    """
    if not rows:
        return
    mark = placeholder(connection)
    is_sqlite = connection.dialect.name == "sqlite"
    keeps = (
        "ON CONFLICT DO NOTHING"
        if is_sqlite
        else (f"ON DUPLICATE KEY UPDATE {columns[0]} = {table}.{columns[0]}")
    )
    one = f"({', '.join([mark] * len(columns))})"
    statement = (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([one] * len(rows))} {keeps}"  # noqa: S608
    )
    connection.exec_driver_sql(statement, tuple(value for row in rows for value in row))
