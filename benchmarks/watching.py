"""What `savctl top` costs on a large desk: each part of it, and a minute of the screen itself.

The rows are those of `benchmarks.reads`. Each part is explained as well: none may read a table.
"""

from __future__ import annotations

import argparse
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from fcntl import ioctl

from benchmarks import _kept
from benchmarks._figures import Table, cores, finish, percentile
from benchmarks._plans import few, plan_of, recorded
from benchmarks._processes import processor_seconds
from savctl.domain.sla.policy import Policies
from savctl.persistence.engine import Database
from savctl.ports import system_clock
from savctl.usecases.desk.model import JobBoard
from savctl.usecases.desk.parts import Part, all_parts

_SMALL, _FULL = 100_000, 1_000_000
_LIMIT_MS, _CPU_PERCENT = 500, 2.0  # a part rests fifty times as long as it took
_TIMES = 20
_FIRST_SECONDS = 20  # start-up, and the first look, which imports
_NO_JOBS = JobBoard(jobs=(), leases=(), schedulers=())


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, and answer 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.watching", description=__doc__)
    parser.add_argument("--tickets", type=int, help=f"default {_SMALL:,}; --full: {_FULL:,}")
    parser.add_argument("--on", nargs="+", choices=_kept.KINDS, default=["mariadb", "sqlite"])
    parser.add_argument("--seconds", type=int, default=60, help="how long the screen is watched")
    parser.add_argument("--full", action="store_true", help="the size of the promise")
    given = parser.parse_args(words)
    tickets = given.tickets or (_FULL if given.full else _SMALL)
    tables = []
    for kind in given.on:
        with _kept.shop(kind, tickets) as kept:
            tables.append(_measured(kept))
            tables.append(_watched(kept, given.seconds))
            for table in tables[-2:]:
                table.show()
    return finish(tables)


def _measured(kept: _kept.Kept) -> Table:
    table = Table(
        f"Parts of the desk on {kept.name}: {kept.tickets:,} tickets, {cores()} cores; ms",
        ("part", "p50", "p95", "limit", "index"),
    )
    database = Database(kept.url)
    parts = all_parts(board=lambda _: _NO_JOBS, policies=Policies)
    for name, part in parts.items():
        if name == "work":
            continue
        times = sorted(_timed(database, part) for _ in range(_TIMES))
        indexes, faults = _explained(database, part, few(kept.tickets))
        p95 = percentile(times, 0.95)
        table.add(
            *(name, percentile(times, 0.5), p95, _LIMIT_MS, ", ".join(indexes)),
            is_met=p95 <= _LIMIT_MS,
        )
        table.notes += [f"{name}: {fault}" for fault in faults]
    database.close()
    return table


def _timed(database: Database, part: Part) -> float:
    with database.reading() as connection:
        started = time.perf_counter()
        part(connection, system_clock())
        return (time.perf_counter() - started) * 1_000


def _explained(database: Database, part: Part, limit: int) -> tuple[list[str], list[str]]:
    indexes: dict[str, None] = {}
    faults: dict[str, None] = {}
    with recorded(database) as statements, database.reading() as connection:
        part(connection, system_clock())
    with database.reading() as connection:
        for statement in statements:
            plan = plan_of(connection, statement, limit=limit)
            indexes |= dict.fromkeys(plan.indexes)
            faults |= dict.fromkeys(plan.faults)
    return list(indexes), list(faults)


def _watched(kept: _kept.Kept, seconds: int) -> Table:
    """Processor time of the screen, once it has started."""
    table = Table(
        f"savctl top on {kept.name}: {kept.tickets:,} tickets, 80 x 24, {seconds} s",
        ("of", "percent of a core", "limit"),
    )
    percent = 100 * _processor_seconds(kept.url, seconds) / seconds
    table.add("screen", percent, _CPU_PERCENT, is_met=percent < _CPU_PERCENT)
    return table


def _processor_seconds(url: str, seconds: int) -> float:
    """What the screen takes in so many seconds, from its fifth look on."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "savctl", "top"],
        env={**os.environ, "TERM": "xterm", "SAVCTL_DATABASE_URL": url},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    _drain(ours, _FIRST_SECONDS)
    before = processor_seconds(process.pid)
    _drain(ours, seconds)
    used = processor_seconds(process.pid) - before
    process.terminate()
    process.wait()
    os.close(theirs)
    os.close(ours)
    return used


def _drain(terminal: int, seconds: float) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if select.select([terminal], [], [], left)[0]:
            os.read(terminal, 65_536)


if __name__ == "__main__":
    sys.exit(main())
