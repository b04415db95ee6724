"""The floor under bulk commands: PyMySQL alone, writing rows that are already thought out.

It reads nothing, locks nothing beforehand and decides nothing: the rows that `savctl ticket bulk`
left, column for column, go into another database in the same batches.
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
_ALARMS = "ticket_id, looks_at, row_updated_at"
_ARMS = 250  # see plain_closing.py

Rows = Sequence[Sequence[object]]


@dataclass(frozen=True, slots=True)
class BulkBatch:
    """What one transaction wrote; `alike` are the columns that all its tickets share."""

    alike: dict[str, object]
    tickets: Rows  # id, metadata
    audit: Rows
    outbox: Rows
    alarms: Rows


def written_by_bulk(url: str, columns: Sequence[str], size: int) -> list[BulkBatch]:
    """What the command left in this database, cut into its batches; ids count from 1."""
    with closing(plain_connection(url)) as connection, connection.cursor() as cursor:
        return list(_batches(cursor, columns, size))


def write_bulk(url: str, batches: Sequence[BulkBatch]) -> float:
    """Write all of it; answers the seconds it took."""
    with closing(plain_connection(url)) as connection, connection.cursor() as cursor:
        started = time.perf_counter()
        for batch in batches:
            for start in range(0, len(batch.tickets), _ARMS):
                _update(cursor, batch.alike, batch.tickets[start : start + _ARMS])
            _insert(cursor, "INSERT", "savctl_audit", _AUDIT, batch.audit)
            _insert(cursor, "INSERT", "savctl_outbox", _OUTBOX, batch.outbox)
            _insert(cursor, "REPLACE", "savctl_sla_alarms", _ALARMS, batch.alarms)
            connection.commit()
        return time.perf_counter() - started


def _batches(cursor: Cursor, columns: Sequence[str], size: int) -> list[BulkBatch]:
    found: list[BulkBatch] = []
    first = 1
    while True:
        span = f"BETWEEN {first} AND {first + size - 1}"
        tickets = _all(
            cursor,
            f"SELECT {', '.join(columns)}, id, metadata FROM support_tickets WHERE id {span}",
        )
        if not tickets:
            return found
        by_ticket = f"WHERE ticket_id {span} ORDER BY id"
        found.append(
            BulkBatch(
                dict(zip(columns, tickets[0], strict=False)),
                [row[-2:] for row in tickets],
                _all(cursor, f"SELECT {_AUDIT} FROM savctl_audit {by_ticket}"),
                _all(cursor, f"SELECT {_OUTBOX} FROM savctl_outbox {by_ticket}"),
                _all(cursor, f"SELECT {_ALARMS} FROM savctl_sla_alarms WHERE ticket_id {span}"),
            )
        )
        first += size


def _update(cursor: Cursor, alike: dict[str, object], tickets: Rows) -> None:
    arms = "WHEN %s THEN %s " * len(tickets)
    places = ", ".join(["%s"] * len(tickets))
    values = list(alike.values())
    for ticket in tickets:
        values += ticket
    values += [ticket[0] for ticket in tickets]
    sets = ", ".join(f"{name} = %s" for name in alike)
    cursor.execute(
        f"UPDATE support_tickets SET {sets}, metadata = CASE id {arms}END WHERE id IN ({places})",
        values,
    )


def _insert(cursor: Cursor, verb: str, table: str, columns: str, rows: Rows) -> None:
    if rows:
        marks = ", ".join(["%s"] * len(columns.split(",")))
        cursor.executemany(f"{verb} INTO {table} ({columns}) VALUES ({marks})", rows)


def _all(cursor: Cursor, query: str) -> Rows:
    cursor.execute(query)
    return list(cursor.fetchall())
