"""How long reads take in a large database, and which indexes they use.

A million tickets and three million messages (`--full`) are made once and kept in `.cache/bench`.
Times are taken inside the process, around what a command calls, for some hundred random keys,
with the rows in memory; the limits for 95 of 100 are a fifth of the specification's. Every
statement is explained: a scan of a whole table, or sorting thousands of rows for a page of
fifty, misses the target like a slow answer.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Sequence

from benchmarks.framework import kept_databases
from benchmarks.framework.figures import Table, cores, finish, percentile, say
from benchmarks.framework.plans import few, plan_of, recorded, rows_read
from benchmarks.tickets._reads_cases import Case, Sample, cases
from savctl.persistence.engine import Database

_SMALL = 100_000
_WARM_UP = 10
_EXPLAINED = 8
_TRIES = 3
_SCANS = 3  # what looks at every row is run a few times only


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, and answer 1 when a target is missed."""
    parser = kept_databases.parser_of("benchmarks.tickets.reads", __doc__, small=_SMALL)
    parser.add_argument("--keys", type=int, default=300, help="random keys for each kind of read")
    parser.add_argument("--only", default="", metavar="TEXT", help="reads with this in the name")
    parser.add_argument("--forget", action="store_true", help="make the rows anew")
    given = parser.parse_args(words)
    tickets = kept_databases.tickets_of(given, small=_SMALL)
    tables = []
    for kind in given.on:
        with kept_databases.shop(kind, tickets, anew=given.forget) as kept:
            tables.append(_measured(kept, given.keys, given.only))
            tables[-1].show()
    return finish(tables)


def _measured(kept: kept_databases.Kept, keys: int, only: str) -> Table:
    table = Table(
        f"Reads on {kept.name}: {kept.tickets:,} tickets, {kept.messages:,} messages, "
        f"{cores()} cores; milliseconds",
        ("read", "p50", "p95", "max", "limit", "rows", "index"),
    )
    database = Database(kept.url)
    sample = Sample(database, 2_000)
    gc.freeze()  # the sample is no part of what is measured
    for case in cases(database, sample):
        if only in case.name:
            say(f"{kept.name}: {case.name}")
            _add(table, database, case, keys, few(kept.tickets))
    database.close()
    return table


def _add(table: Table, database: Database, case: Case, keys: int, limit: int) -> None:
    indexes, faults = _explained(database, case, limit)
    times, rows = _measured_times(database, case, _SCANS if case.is_scan else keys)
    p95 = percentile(times, 0.95)
    is_met = None if case.limit_ms is None else p95 <= case.limit_ms and not faults
    table.add(
        *(case.name, percentile(times, 0.5), p95, times[-1], case.limit_ms or "none"),
        *(round(rows), ", ".join(indexes)),
        is_met=is_met,
    )
    if case.limit_ms is not None:
        table.notes += [f"{case.name}: {fault}" for fault in faults]


def _measured_times(database: Database, case: Case, count: int) -> tuple[list[float], float]:
    """Sorted times in milliseconds, and the rows read for each.

    What misses its limit is measured again: a busy machine slows a run, a slow query all.
    """
    for _ in range(min(_WARM_UP, count)):
        case.draw()()
    for _ in range(_TRIES):
        before = _rows_read(database)
        times = sorted(_timed(case) for _ in range(count))
        rows = (_rows_read(database) - before) / count
        if case.limit_ms is None or percentile(times, 0.95) <= case.limit_ms:
            break
    return times, rows


def _timed(case: Case) -> float:
    read = case.draw()
    started = time.perf_counter()
    read()
    return (time.perf_counter() - started) * 1_000


def _explained(database: Database, case: Case, limit: int) -> tuple[list[str], list[str]]:
    """The indexes used and what is wrong, for some of the random keys."""
    indexes: dict[str, None] = {}
    faults: dict[str, None] = {}
    for _ in range(_EXPLAINED):
        with recorded(database) as statements:
            case.draw()()
        with database.reading() as connection:
            for statement in statements:
                plan = plan_of(connection, statement, limit=limit)
                indexes |= dict.fromkeys(_short(name) for name in plan.indexes)
                faults |= dict.fromkeys(plan.faults)
    return list(indexes), list(faults)


def _short(index: str) -> str:
    return (
        index.removeprefix("support_tickets_")
        .removeprefix("ticket_messages_")
        .removesuffix("_index")
    )


def _rows_read(database: Database) -> int:
    if database.is_sqlite:
        return 0
    with database.reading() as connection:
        return rows_read(connection)


if __name__ == "__main__":
    sys.exit(main())
