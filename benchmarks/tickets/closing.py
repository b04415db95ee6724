"""How fast `close-resolved` closes tickets, against plain SQL that writes the same rows.

Both run on a private MariaDB that has every commit on the disk before it answers, each on its
own database with the same tickets, by turns: the job, the floor, the floor, the job, …
The job runs as the runner runs it: with its lease checked in every commit and renewed beside it.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Sequence

from benchmarks.framework.baseline import note_ratio
from benchmarks.framework.figures import Table, cores, finish, say
from benchmarks.framework.load import fill, migrate
from benchmarks.framework.servers import durable_server
from benchmarks.framework.shop import NOW, Shop
from benchmarks.tickets import plain_closing
from savctl.domain.tickets.closing import ClosingLimits
from savctl.persistence.engine import Database
from savctl.persistence.jobs import leases
from savctl.persistence.jobs.heartbeat import Heartbeat
from savctl.ports import SetClock
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.tickets.closing import close_resolved
from tests.servers.databases.mysql_family import PrivateServer

TARGET = 0.5
BATCH = 1_000
_SMALL, _FULL = 20_000, 100_000


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, and answer 1 when the target is missed."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.tickets.closing", description=__doc__
    )
    parser.add_argument("--tickets", type=int, help=f"default {_SMALL:,}; --full: {_FULL:,}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--full", action="store_true", help="the size of the promise")
    given = parser.parse_args(words)
    tickets = given.tickets or (_FULL if given.full else _SMALL)
    with durable_server() as server:
        pairs = _rounds(server, tickets, given.rounds)
        table = _table(server, tickets, pairs)
    table.show()
    return finish([table])


def close_all(url: str) -> tuple[int, float]:
    """Close what is due in this database, as the job does; answers how many, and the seconds."""
    database = Database(url)
    report = BatchReport()
    lease = database.transaction(
        lambda c: leases.acquire(c, "close-resolved", owner="benchmarks", seconds=60)
    )
    lease.run_id = 1
    started = time.perf_counter()
    with Heartbeat(database, lease):
        close_resolved(
            database,
            SetClock(NOW),
            limits=ClosingLimits(),
            terms=BatchContext(report=report, size=BATCH, fence=lease),
        )
    seconds = time.perf_counter() - started
    database.close()
    return report.changed, seconds


def _rounds(server: PrivateServer, tickets: int, count: int) -> list[tuple[float, float]]:
    """Seconds of the job and of the floor, round by round; the first round is a warm-up."""
    found = []
    _job(server, tickets)
    batches = plain_closing.written_by_job(server.url("job"), BATCH)
    for number in range(count):
        if number % 2:
            floor = _plain(server, tickets, batches)
            job = _job(server, tickets)
        else:
            job = _job(server, tickets)
            floor = _plain(server, tickets, batches)
        found.append((job, floor))
    return found


def _job(server: PrivateServer, tickets: int) -> float:
    url = _fresh(server, "job", tickets)
    changed, seconds = close_all(url)
    _require(changed, tickets, "the job")
    say(f"the job: {tickets / seconds:,.0f} tickets a second")
    return seconds


def _plain(server: PrivateServer, tickets: int, batches: Sequence[plain_closing.Batch]) -> float:
    url = _fresh(server, "floor", tickets)
    seconds = plain_closing.write(url, batches)
    _require(
        sum(len(b.tickets) for b in plain_closing.written_by_job(url, BATCH)), tickets, "the floor"
    )
    say(f"the floor: {tickets / seconds:,.0f} tickets a second")
    return seconds


def _fresh(server: PrivateServer, name: str, tickets: int) -> str:
    server.drop_database(name)
    url = server.create_database(name)
    migrate(url)
    fill(url, Shop(tickets, only="resolved"))
    return url


def _require(closed: int, tickets: int, who: str) -> None:
    if closed != tickets:
        sys.exit(f"{who} closed {closed} of {tickets} tickets: nothing to compare")


def _table(server: PrivateServer, tickets: int, pairs: list[tuple[float, float]]) -> Table:
    table = Table(
        f"close-resolved: {tickets:,} tickets, batches of {BATCH:,}, {server.name}, "
        f"{cores()} cores; innodb_flush_log_at_trx_commit = 1",
        ("round", "job/s", "floor/s", "ratio", "target"),
    )
    ratios = [floor / job for job, floor in pairs]
    for number, (job, floor) in enumerate(pairs, start=1):
        table.add(
            number, round(tickets / job), round(tickets / floor), floor / job, "", is_met=None
        )
    middle = statistics.median(ratios)
    note_ratio("closing", middle)
    table.add("median", "", "", middle, f">= {TARGET}", is_met=middle >= TARGET)
    return table


if __name__ == "__main__":
    sys.exit(main())
