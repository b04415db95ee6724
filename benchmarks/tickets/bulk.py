"""How fast `ticket bulk` assigns and re-prioritises, against plain SQL that writes the same rows.

`savctl ticket bulk assign --all` and then `priority urgent --all`, each a process from its start
to its answer, planning included, on a private MariaDB that has every commit on the disk before it
answers; with `--planned` the plan is made before, and `--plan FILE` alone is measured. The floor
writes the same rows into another database. The largest memory of the process is compared with
that of a run over few tickets.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from benchmarks.framework.baseline import note_ratio
from benchmarks.framework.figures import Table, cores, finish, say
from benchmarks.framework.load import fill, migrate, plain_connection
from benchmarks.framework.processes import Ran, run
from benchmarks.framework.servers import durable_server
from benchmarks.framework.shop import Shop
from benchmarks.tickets._plain_bulk import write_bulk, written_by_bulk
from tests.servers.databases.mysql_family import PrivateServer

TARGET, TARGET_MB = 0.5, 20
BATCH = 1_000
_SMALL, _FULL, _FEW, _MANY = 20_000, 100_000, 10_000, 1_000_000


@dataclass(frozen=True, slots=True)
class _Verb:
    """A bulk command, and the columns that it sets to one value, `updated_at` among them."""

    words: tuple[str, ...]
    columns: tuple[str, ...]


_VERBS = (
    _Verb(("assign", "--to", "10"), ("status", "assigned_to", "updated_at")),
    _Verb(("priority", "urgent", "--reason", "fair"), ("priority", "updated_at")),
)


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, and answer 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tickets.bulk", description=__doc__)
    parser.add_argument("--tickets", type=int, help=f"default {_SMALL:,}; --full: {_FULL:,}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--many", type=int, help=f"for the memory; --full: {_MANY:,}")
    parser.add_argument("--planned", action="store_true", help="measure --plan FILE alone")
    parser.add_argument("--full", action="store_true", help="the sizes of the promises")
    given = parser.parse_args(words)
    tickets = given.tickets or (_FULL if given.full else _SMALL)
    many = given.many if given.many is not None else (_MANY if given.full else 0)
    with durable_server() as server:
        tables = [_speed(server, tickets, given.rounds, planned=given.planned)]
        if many:
            tables.append(_memory(server, many))
    for table in tables:
        table.show()
    return finish(tables)


def _speed(server: PrivateServer, tickets: int, rounds: int, *, planned: bool) -> Table:
    table = Table(
        f"ticket bulk{' --plan' if planned else ''}: {tickets:,} open tickets, batches of "
        f"{BATCH:,}, {server.name}, {cores()} cores; innodb_flush_log_at_trx_commit = 1",
        ("command", "round", "bulk/s", "floor/s", "ratio", "target"),
    )
    found: dict[str, list[float]] = {verb.words[0]: [] for verb in _VERBS}
    for number in range(1, rounds + 1):
        bulk, floor = _fresh(server, "bulk", tickets), _fresh(server, "floor", tickets)
        for verb in _VERBS:
            _require_all(done := _ran(bulk, verb, planned=planned), tickets)
            batches = written_by_bulk(bulk, verb.columns, BATCH)
            plain = write_bulk(floor, batches)
            _forget_traces(bulk)
            ratio = plain / done.seconds
            found[verb.words[0]].append(ratio)
            say(f"{verb.words[0]}: {tickets / done.seconds:,.0f} a second, ratio {ratio:.2f}")
            per_second = round(tickets / done.seconds), round(tickets / plain)
            table.add(verb.words[0], number, *per_second, ratio, "", is_met=None)
    for name, ratios in found.items():
        middle = statistics.median(ratios)
        note_ratio(f"bulk {name}", middle)
        table.add(name, "median", "", "", middle, f">= {TARGET}", is_met=middle >= TARGET)
    return table


def _memory(server: PrivateServer, many: int) -> Table:
    table = Table(
        f"Memory of ticket bulk assign, batches of {BATCH:,}, {server.name}",
        ("tickets", "largest MB", "seconds", "more than the first", "target"),
    )
    peaks: list[float] = []
    for tickets in (_FEW, many):
        done = _ran(_fresh(server, "memory", tickets), _VERBS[0])
        _require_all(done, tickets)
        peaks.append(done.peak_mb)
        more = done.peak_mb - peaks[0]
        is_met = None if tickets == _FEW else more < TARGET_MB
        table.add(
            f"{tickets:,}", done.peak_mb, done.seconds, more, f"< {TARGET_MB}", is_met=is_met
        )
    return table


def _ran(url: str, verb: _Verb, *, planned: bool = False) -> Ran:
    words = ("ticket", "bulk", *verb.words, "--all")
    brake = ("--max-changes", "100000000", "-o", "json")
    with tempfile.TemporaryDirectory() as home:
        environment = {"SAVCTL_DATABASE_URL": url, "SAVCTL_HOME": home}
        if not planned:
            return run((*words, "--yes", *brake), environment)
        plan = f"{home}/plan.jsonl"
        run((*words, "--plan-out", plan, *brake), environment)
        return run(("ticket", "bulk", verb.words[0], "--plan", plan, *brake), environment)


def _fresh(server: PrivateServer, name: str, tickets: int) -> str:
    server.drop_database(name)
    url = server.create_database(name)
    migrate(url)
    fill(url, Shop(tickets, only="open", talks=False))
    with closing(plain_connection(url)) as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE support_tickets SET priority = 'medium'")
        connection.commit()
    return url


def _forget_traces(url: str) -> None:
    """Leave the next command's rows alone in the tables that the floor copies."""
    with closing(plain_connection(url)) as connection, connection.cursor() as cursor:
        for table in ("savctl_audit", "savctl_outbox", "savctl_sla_alarms"):
            cursor.execute(f"DELETE FROM {table}")
        connection.commit()


def _require_all(done: Ran, tickets: int) -> None:
    if f"{tickets:,} changed" not in done.text:
        sys.exit(f"the command did not change {tickets:,} tickets:\n{done.text[-2000:]}")


if __name__ == "__main__":
    sys.exit(main())
