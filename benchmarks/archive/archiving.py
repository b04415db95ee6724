"""How fast `archive` moves tickets to cold storage, against plain reading, compressing, deleting.

Both run on a private MariaDB that has every commit on the disk before it answers, each on its
own database with the same tickets and messages, by turns. The job runs as the runner runs it,
with its lease; it writes each bundle, reads it back, compares it with the locked rows, deletes
them and enters them in the index. The floor writes a file and deletes.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from benchmarks.archive import _plain_archive
from benchmarks.framework.baseline import note_ratio
from benchmarks.framework.figures import Table, cores, finish, say
from benchmarks.framework.load import fill, migrate
from benchmarks.framework.servers import durable_server
from benchmarks.framework.shop import NOW, SPAN, Shop
from savctl.adapters.directory.store import DirectoryStore
from savctl.domain.age import Age
from savctl.persistence.engine import Database
from savctl.persistence.jobs import leases
from savctl.persistence.jobs.heartbeat import Heartbeat
from savctl.ports import SetClock
from savctl.usecases.archive.archiving import archive_tickets
from savctl.usecases.archive.cold_storage import DEFAULT_PREFIX, ColdStorage
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from tests.servers.databases.mysql_family import PrivateServer

TARGET = 0.5
_SMALL, _FULL = 20_000, 200_000


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, and answer 1 when the target is missed."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.archive.archiving", description=__doc__
    )
    parser.add_argument("--tickets", type=int, help=f"default {_SMALL:,}; --full: {_FULL:,}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--full", action="store_true", help="the size of the promise")
    given = parser.parse_args(words)
    tickets = given.tickets or (_FULL if given.full else _SMALL)
    with durable_server() as server, tempfile.TemporaryDirectory(prefix="savctl-cold-") as folder:
        pairs = [_round(server, tickets, n, Path(folder)) for n in range(given.rounds)]
        table = _table(server, tickets, pairs)
    table.show()
    return finish([table])


def archive_all(url: str, folder: Path) -> tuple[int, float]:
    """Archive every ticket of this database, as the job does; how many, and the seconds."""
    database = Database(url)
    clock = SetClock(NOW + SPAN + timedelta(days=400))
    store = DirectoryStore(folder)
    report = BatchReport()
    lease = database.transaction(
        lambda c: leases.acquire(c, "archive", owner="benchmarks", seconds=60)
    )
    started = time.perf_counter()
    with Heartbeat(database, lease):
        archive_tickets(
            database,
            clock,
            ColdStorage(store, DEFAULT_PREFIX),
            after=Age(years=1),
            terms=BatchContext(report=report, fence=lease),
        )
    seconds = time.perf_counter() - started
    store.close()
    database.close()
    return report.changed, seconds


def _round(server: PrivateServer, tickets: int, number: int, folder: Path) -> tuple[float, float]:
    """Seconds of the job and of the floor, the first of them by turns."""
    seconds: dict[str, float] = {}
    for who in ("job", "floor") if number % 2 else ("floor", "job"):
        url = _fresh(server, who, tickets)
        place = folder / f"{who}-{number}"
        place.mkdir()
        done, seconds[who] = (archive_all if who == "job" else _plain_archive.archive)(url, place)
        if done != tickets:
            sys.exit(f"the {who} archived {done} of {tickets} tickets: nothing to compare")
        say(f"the {who}: {tickets / seconds[who]:,.0f} tickets a second")
    return seconds["job"], seconds["floor"]


def _fresh(server: PrivateServer, name: str, tickets: int) -> str:
    server.drop_database(name)
    url = server.create_database(name)
    migrate(url)
    fill(url, Shop(tickets, only="closed"))
    return url


def _table(server: PrivateServer, tickets: int, pairs: list[tuple[float, float]]) -> Table:
    table = Table(
        f"archive: {tickets:,} tickets with messages, bundles of 2,000, {server.name}, "
        f"{cores()} cores; innodb_flush_log_at_trx_commit = 1",
        ("round", "job/s", "floor/s", "ratio", "target"),
    )
    ratios = [floor / job for job, floor in pairs]
    for number, (job, floor) in enumerate(pairs, start=1):
        table.add(
            number, round(tickets / job), round(tickets / floor), floor / job, "", is_met=None
        )
    middle = statistics.median(ratios)
    note_ratio("archive", middle)
    table.add("median", "", "", middle, f">= {TARGET}", is_met=middle >= TARGET)
    return table


if __name__ == "__main__":
    sys.exit(main())
