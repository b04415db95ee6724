"""How fast tickets are merged, against plain SQL that writes the same rows.

All run in this process on a private MariaDB that has every commit on the disk before it answers,
each on its own database with the same tickets, by turns. Once with a merge for each source, once
with a hundred sources in a merge. A merge is a source that went into its target: its messages
moved, its description a message, links, history, audit and event written. Plain SQL runs twice:
the floor writes only; the other also locks and reads the rows that no merge can do without.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from pymysql.cursors import Cursor

from benchmarks.framework.baseline import note_ratio
from benchmarks.framework.figures import Table, cores, finish, say
from benchmarks.framework.load import fill, migrate, plain_connection
from benchmarks.framework.servers import durable_server
from benchmarks.framework.shop import NOW, Shop
from benchmarks.tickets.plain_closing import Rows
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.merging import merge_tickets
from tests.servers.databases.mysql_family import PrivateServer

RT_A_SECOND = 41  # RT 5's rate; ten times that is promised
TARGET = 10 * RT_A_SECOND
_SMALL, _FULL = 2_000, 10_000
# sources in a merge, the share of all tickets that is merged so, and whether the promise is
# about it: one in a transaction waits for the disk as often as there are tickets
_LEGS = ((1, 0.25, False), (100, 1.0, True))
_TICKET = "status, assigned_to, closed_at, updated_at, metadata"
_AUDIT = "at, actor, action, ticket_id, run_id, entry"
_OUTBOX = "event_id, event, routing_key, ticket_id, envelope, occurred_at"
_MESSAGE = "ticket_id, sender_id, sender_type, message, is_internal, created_at, updated_at"


@dataclass(frozen=True, slots=True)
class Written:
    """What one merge left in the tables."""

    target: int
    sources: Sequence[int]
    tickets: Rows
    messages: Rows
    audit: Rows
    outbox: Rows


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, and answer 1 when the target is missed."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.tickets.merging", description=__doc__
    )
    parser.add_argument("--sources", type=int, help=f"default {_SMALL:,}; --full: {_FULL:,}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--full", action="store_true", help="more tickets")
    given = parser.parse_args(words)
    sources = given.sources or (_FULL if given.full else _SMALL)
    with durable_server() as server:
        table = Table(
            f"merge: {sources:,} sources with messages, {server.name}, {cores()} cores; "
            "innodb_flush_log_at_trx_commit = 1",
            (
                *("sources in a merge", "merges/s", "floor/s", "ratio to the floor"),
                *("floor with locks and reads/s", "ratio to it", "target"),
            ),
        )
        for size, share, is_promised in _LEGS:
            count = int(sources * share)
            rates = [_round(server, count, size, n) for n in range(given.rounds)]
            rate, floor, reading = (statistics.median(c) for c in zip(*rates, strict=True))
            ratio = statistics.median(ours / plain for ours, plain, _ in rates)
            to_reading = statistics.median(ours / plain for ours, _, plain in rates)
            note_ratio(f"merge, {size} at once", to_reading)
            expected = f">= {TARGET}/s" if is_promised else ""
            is_met = rate >= TARGET if is_promised else None
            figures = (
                size,
                round(rate),
                round(floor),
                ratio,
                round(reading),
                to_reading,
                expected,
            )
            table.add(*figures, is_met=is_met)
    table.notes.append("A merge is one source; of a hundred in a transaction each counts as one.")
    table.show()
    return finish([table])


def _plan(sources: int, size: int) -> list[tuple[int, list[int]]]:
    """Which tickets go into which: the first of each group stays."""
    step = size + 1
    return [
        (first, list(range(first + 1, first + step)))
        for first in range(1, sources // size * step, step)
    ]


def _round(
    server: PrivateServer, sources: int, size: int, number: int
) -> tuple[float, float, float]:
    """Merges a second of savctl and of both floors, savctl first every other round."""
    plan = _plan(sources, size)
    url = _fresh(server, "merged", plan)
    seconds = _merge(url, plan)
    written = _written(url, plan)
    floor = _write(_fresh(server, "floor", plan), written)
    reading = _write(_fresh(server, "floor", plan), written, reads=True)
    if number % 2:  # the last has the warmest server
        seconds = _merge(_fresh(server, "merged", plan), plan)
    rates = (sources / seconds, sources / floor, sources / reading)
    say(f"{size} at a time: {rates[0]:,.0f}/s, the floors {rates[1]:,.0f}/s, {rates[2]:,.0f}/s")
    return rates


def _fresh(server: PrivateServer, name: str, plan: Sequence[tuple[int, list[int]]]) -> str:
    server.drop_database(name)
    url = server.create_database(name)
    migrate(url)
    fill(url, Shop(plan[-1][1][-1], only="in_progress"))
    with closing(plain_connection(url)) as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE support_tickets SET user_id = 456")
        connection.commit()
    return url


def _merge(url: str, plan: Sequence[tuple[int, list[int]]]) -> float:
    """Merge all of it, as the command does after its start; answers the seconds it took."""
    database = Database(url)
    operation = Operation(database, SetClock(NOW), actor=10)
    with database.reading():
        pass  # the connection is there
    started = time.perf_counter()
    for target, sources in plan:
        merge_tickets(operation, sources, target)
    seconds = time.perf_counter() - started
    database.close()
    return seconds


def _written(url: str, plan: Sequence[tuple[int, list[int]]]) -> list[Written]:
    """What savctl left in its database, merge by merge."""
    with closing(plain_connection(url)) as connection, connection.cursor() as cursor:
        tickets = _by_id(cursor, f"SELECT id, {_TICKET} FROM support_tickets")
        audit = _grouped(cursor, f"SELECT {_AUDIT} FROM savctl_audit ORDER BY id", 3)
        outbox = _grouped(cursor, f"SELECT {_OUTBOX} FROM savctl_outbox ORDER BY id", 3)
        born = _by_id(
            cursor,
            "SELECT id, id, user_id, 'customer', description, 0, created_at, created_at "
            "FROM support_tickets",
        )
    return [
        Written(
            target,
            sources,
            [(i, *tickets[i]) for i in (*sources, target)],
            [born[i] for i in sources],
            [row for i in (*sources, target) for row in audit[i]],
            [row for i in sources for row in outbox[i]],
        )
        for target, sources in plan
    ]


def _write(url: str, merges: Sequence[Written], *, reads: bool = False) -> float:
    """Write the same rows, nothing decided, locked and read only with `reads`; answers the
    seconds it took."""
    with closing(plain_connection(url)) as connection, connection.cursor() as cursor:
        started = time.perf_counter()
        for merge in merges:
            if reads:
                _read(cursor, merge)
            _insert(cursor, "ticket_messages", _MESSAGE, merge.messages)
            places = ", ".join(["%s"] * len(merge.sources))
            for table in ("ticket_messages", "ticket_attachments"):
                cursor.execute(
                    f"UPDATE {table} SET ticket_id = %s WHERE ticket_id IN ({places})",
                    (merge.target, *merge.sources),
                )
            _update(cursor, merge.tickets)
            _insert(cursor, "savctl_audit", _AUDIT, merge.audit)
            _insert(cursor, "savctl_outbox", _OUTBOX, merge.outbox)
            connection.commit()
        return time.perf_counter() - started


def _read(cursor: Cursor, merge: Written) -> None:
    """Lock and read the tickets, read the sources' messages without their text, and files."""
    ids = [*merge.sources, merge.target]
    places = ", ".join(["%s"] * len(ids))
    cursor.execute(
        f"SELECT * FROM support_tickets WHERE id IN ({places}) ORDER BY id FOR UPDATE", ids
    )
    cursor.fetchall()
    places = ", ".join(["%s"] * len(merge.sources))
    for columns, table in (
        ("id, ticket_id, sender_type, is_internal, created_at", "ticket_messages"),
        ("id, ticket_id, message_id", "ticket_attachments"),
    ):
        query = f"SELECT {columns} FROM {table} WHERE ticket_id IN ({places})"
        cursor.execute(query, merge.sources)
        cursor.fetchall()


def _update(cursor: Cursor, tickets: Rows) -> None:
    """One statement, an arm of CASE for each row and column."""
    sets, values = [], []
    for place, column in enumerate(_TICKET.split(", "), start=1):
        sets.append(f"{column} = CASE id {'WHEN %s THEN %s ' * len(tickets)}END")
        for row in tickets:
            values += [row[0], row[place]]
    places = ", ".join(["%s"] * len(tickets))
    values += [row[0] for row in tickets]
    cursor.execute(f"UPDATE support_tickets SET {', '.join(sets)} WHERE id IN ({places})", values)


def _insert(cursor: Cursor, table: str, columns: str, rows: Rows) -> None:
    marks = ", ".join(["%s"] * len(columns.split(",")))
    cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)


def _by_id(cursor: Cursor, query: str) -> dict[int, Sequence[object]]:
    cursor.execute(query)
    return {row[0]: row[1:] for row in cursor.fetchall()}


def _grouped(cursor: Cursor, query: str, key: int) -> dict[int, list[Sequence[object]]]:
    cursor.execute(query)
    found: dict[int, list[Sequence[object]]] = {}
    for row in cursor.fetchall():
        found.setdefault(row[key], []).append(row)
    return found


if __name__ == "__main__":
    sys.exit(main())
