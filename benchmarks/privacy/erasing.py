"""How fast a person is erased, against plain SQL that deletes the same rows; how much memory.

A person with four messages a ticket and files on two of five, among others with as much, on a
private MariaDB that has every commit on the disk before it answers. The time is that of the whole
erasure (counting, work list, every place, verification, certificate) without the time that the
bucket, a folder, took. Memory is that of `savctl gdpr erase` over a tenth of the tickets, and
over all of them.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from benchmarks.framework.baseline import note_ratio
from benchmarks.framework.figures import Table, cores, finish, say
from benchmarks.framework.processes import processor_seconds, run
from benchmarks.framework.servers import durable_server
from benchmarks.privacy import _plain_erasure
from benchmarks.privacy._person_rows import PERSON, left_of_person, plant, put_files
from benchmarks.privacy._timed_store import TimedStore
from savctl.adapters.directory.store import DirectoryStore
from savctl.persistence.engine import Database
from savctl.ports import system_clock
from savctl.runtime import end_start_up
from savctl.usecases.archive.cold_storage import DEFAULT_PREFIX, ColdStorage
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.erasure.erasing import ErasureWish, erase_person
from savctl.usecases.erasure.planning import Surroundings
from tests.servers.databases.mysql_family import PrivateServer

RATE_TARGET, RATIO_TARGET, MEMORY_TARGET_MB = 1_000, 0.6, 20
BATCH = 500
_SMALL, _FULL = 1_000, 5_000


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, and answer 1 when a target is missed."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.privacy.erasing", description=__doc__
    )
    parser.add_argument("--tickets", type=int, help=f"default {_SMALL:,}; --full: {_FULL:,}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--full", action="store_true", help="the size of the promise")
    given = parser.parse_args(words)
    tickets = given.tickets or (_FULL if given.full else _SMALL)
    end_start_up()  # garbage is looked for as in a command
    with durable_server() as server:
        tables = [_speed(server, tickets, given.rounds), _memory(server, tickets)]
    for table in tables:
        table.show()
    return finish(tables)


def _speed(server: PrivateServer, tickets: int, rounds: int) -> Table:
    table = Table(
        f"gdpr erase: {tickets:,} tickets, {server.name}, {cores()} cores; "
        "innodb_flush_log_at_trx_commit = 1",
        (
            *("round", "tickets/s", "floor/s", "ratio", "bucket s"),
            *("processor s: savctl", "its server", "floor", "its server", "ratio of these"),
            "target",
        ),
    )
    found: list[tuple[float, float]] = []
    for number in range(rounds + 1):
        ours = _erased(server, tickets)
        floor = _floor(server, tickets)
        rate, plain = tickets / ours[0], tickets / floor[0]
        used = sum(floor[1:]) / sum(ours[2:])
        say(f"{rate:,.0f} tickets a second, the floor {plain:,.0f}")
        if number:  # the first round is a warm-up
            found.append((rate, rate / plain))
            figures = (number, round(rate), round(plain), rate / plain, *ours[1:], *floor[1:])
            table.add(*figures, used, "", is_met=None)
    rate, ratio = (statistics.median(side) for side in zip(*found, strict=True))
    note_ratio("erase", ratio)
    expected = f">= {RATE_TARGET:,}/s, >= {RATIO_TARGET}"
    is_met = rate >= RATE_TARGET and ratio >= RATIO_TARGET
    table.add("median", round(rate), "", ratio, *[""] * 6, expected, is_met=is_met)
    return table


def _erased(server: PrivateServer, tickets: int) -> tuple[float, float, float, float]:
    """Seconds without the bucket's, the bucket's, processor seconds of savctl and the server."""
    url = _fresh(server, "erased", tickets)[0]
    with tempfile.TemporaryDirectory(prefix="savctl-bucket-") as folder:
        store = TimedStore(Path(folder) / "bucket")
        put_files(store, url)
        database = Database(url)
        around = Surroundings(
            database=database,
            store=store,
            cold=ColdStorage(store, DEFAULT_PREFIX),
            clock=system_clock,
        )
        terms = BatchContext(report=BatchReport())
        with database.reading():  # the floor is connected by now, too
            pass
        store.seconds = store.processor_seconds = 0.0
        before = time.process_time(), processor_seconds(server.pid)
        started = time.perf_counter()
        erase_person(around, ErasureWish(user_id=PERSON), terms)
        seconds = time.perf_counter() - started
        used = (
            time.process_time() - before[0] - store.processor_seconds,
            processor_seconds(server.pid) - before[1],
        )
        database.close()
        store.close()
    if left := left_of_person(url):
        sys.exit(f"{left} tickets are left: nothing to compare")
    return seconds - store.seconds, store.seconds, *used


def _floor(server: PrivateServer, tickets: int) -> tuple[float, float, float]:
    """Seconds, and processor seconds of the floor and of its server."""
    url, ids = _fresh(server, "floor", tickets)
    before = time.process_time(), processor_seconds(server.pid)
    seconds = _plain_erasure.erase(url, ids, BATCH)
    return seconds, time.process_time() - before[0], processor_seconds(server.pid) - before[1]


def _memory(server: PrivateServer, tickets: int) -> Table:
    table = Table(
        f"Memory of gdpr erase, {server.name}",
        ("tickets", "largest MB", "seconds", "more than the first", "target"),
    )
    first = 0.0
    for count in (tickets // 10, tickets):
        url, _ = _fresh(server, "memory", count)
        with tempfile.TemporaryDirectory(prefix="savctl-home-") as home:
            with closing(DirectoryStore(Path(home) / "bucket")) as store:
                put_files(store, url)
            environment = {
                "SAVCTL_DATABASE_URL": url,
                "SAVCTL_HOME": home,
                "SAVCTL_STORAGE_URL": f"file://{home}/bucket",
            }
            done = run(("gdpr", "erase", str(PERSON), "--confirm", str(PERSON)), environment)
        if done.code:
            sys.exit(f"gdpr erase ended with {done.code}:\n{done.text[-2000:]}")
        first = first or done.peak_mb
        more = done.peak_mb - first
        is_met = None if more == 0 else more < MEMORY_TARGET_MB
        target = f"< {MEMORY_TARGET_MB}"
        table.add(f"{count:,}", done.peak_mb, done.seconds, more, target, is_met=is_met)
    return table


def _fresh(server: PrivateServer, name: str, tickets: int) -> tuple[str, list[int]]:
    server.drop_database(name)
    url = server.create_database(name)
    return url, plant(url, tickets, others=tickets)


if __name__ == "__main__":
    sys.exit(main())
