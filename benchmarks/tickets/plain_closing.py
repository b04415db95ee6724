"""The floor under `close-resolved`: PyMySQL alone, writing rows that are already thought out.

It reads nothing, locks nothing beforehand and decides nothing: the same rows, column for column
and byte for byte, in the same batches, go into another database with a few statements each.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from pymysql.cursors import Cursor

from benchmarks.framework.load import plain_connection

_AUDIT = "at, actor, action, ticket_id, run_id, entry"
_OUTBOX = "event_id, event, routing_key, ticket_id, envelope, occurred_at"
# The fastest of 50, 100, 250 and 1,000 arms of a CASE, a row at a time, a temporary table and a
# derived table to join with.
_ARMS = 250

Rows = Sequence[Sequence[object]]


@dataclass(frozen=True, slots=True)
class Batch:
    """What one transaction of the job wrote."""

    tickets: Rows  # id, status, closed_at, updated_at, metadata
    audit: Rows
    outbox: Rows


def written_by_job(url: str, size: int) -> list[Batch]:
    """What the job left in this database, cut into its batches."""
    with closing(plain_connection(url)) as connection, connection.cursor() as cursor:
        tickets = _all(
            cursor,
            "SELECT id, status, closed_at, updated_at, metadata FROM support_tickets "
            "WHERE status = 'closed' ORDER BY id",
        )
        audit = _all(cursor, f"SELECT {_AUDIT} FROM savctl_audit ORDER BY id")
        outbox = _all(cursor, f"SELECT {_OUTBOX} FROM savctl_outbox ORDER BY id")
    return [
        Batch(tickets[i : i + size], audit[i : i + size], outbox[i : i + size])
        for i in range(0, len(tickets), size)
    ]


def write(url: str, batches: Sequence[Batch]) -> float:
    """Write all of it; answers the seconds it took."""
    with closing(plain_connection(url)) as connection, connection.cursor() as cursor:
        started = time.perf_counter()
        for batch in batches:
            for start in range(0, len(batch.tickets), _ARMS):
                _update(cursor, batch.tickets[start : start + _ARMS])
            _insert(cursor, "savctl_audit", _AUDIT, batch.audit)
            _insert(cursor, "savctl_outbox", _OUTBOX, batch.outbox)
            connection.commit()
        return time.perf_counter() - started


def _update(cursor: Cursor, tickets: Rows) -> None:
    _, status, closed_at, updated_at, _ = tickets[0]
    arms = "WHEN %s THEN %s " * len(tickets)
    places = ", ".join(["%s"] * len(tickets))
    values = [status, closed_at, updated_at]
    for ticket in tickets:
        values += (ticket[0], ticket[4])
    values += [ticket[0] for ticket in tickets]
    cursor.execute(
        "UPDATE support_tickets SET status = %s, closed_at = %s, updated_at = %s, "
        f"metadata = CASE id {arms}END WHERE id IN ({places})",
        values,
    )


def _insert(cursor: Cursor, table: str, columns: str, rows: Rows) -> None:
    marks = ", ".join(["%s"] * len(columns.split(",")))
    cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)


def _all(cursor: Cursor, query: str) -> Rows:
    cursor.execute(query)
    return list(cursor.fetchall())
