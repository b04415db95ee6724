"""What `savctl top` costs on a large desk: each part of it, and a minute of the screen itself.

The rows are those of `benchmarks.tickets.reads`. Each part is explained as well: none may read a
table. The screen is watched in a terminal of its own, on that desk and on an empty one: the
processor seconds of the program, and what the server takes meanwhile, its own upkeep included.
"""

from __future__ import annotations

import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fcntl import ioctl
from pathlib import Path

from sqlalchemy import text

from benchmarks.framework import kept_databases
from benchmarks.framework.figures import Table, cores, finish, percentile
from benchmarks.framework.plans import few, plan_of, recorded
from benchmarks.framework.processes import processor_seconds
from savctl.domain.sla.policy import Policies
from savctl.persistence.engine import Database
from savctl.ports import system_clock
from savctl.usecases.desk.model import JobBoard
from savctl.usecases.desk.parts import Part, all_parts

_SMALL = 100_000
_LIMIT_MS, _CPU_PERCENT = 500, 2.0  # a part rests fifty times as long as it took
_TIMES = 20
_FIRST_SECONDS = 20  # start-up, and the first look, which imports
_NO_JOBS = JobBoard(jobs=(), leases=(), schedulers=())


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, and answer 1 when a target is missed."""
    parser = kept_databases.parser_of("benchmarks.desk.watching", __doc__, small=_SMALL)
    parser.add_argument("--seconds", type=int, default=60, help="how long the screen is watched")
    given = parser.parse_args(words)
    tickets = kept_databases.tickets_of(given, small=_SMALL)
    tables: list[Table] = []
    for kind in given.on:
        with kept_databases.shop(kind, tickets) as kept:
            found = [_measured(kept), _watched(kept, given.seconds)]
        with kept_databases.shop(kind, 0) as empty:
            found.append(_watched(empty, given.seconds))
        for table in found:
            table.show()
        tables += found
    return finish(tables)


def _measured(kept: kept_databases.Kept) -> Table:
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


def _watched(kept: kept_databases.Kept, seconds: int) -> Table:
    """Processor time of the screen and of the server, once the screen has started."""
    table = Table(
        f"savctl top on {kept.name}: {kept.tickets:,} tickets, 80 x 24, {seconds} s",
        ("of", "percent of a core", "limit"),
    )
    screen, server = _seconds_taken(kept.url, seconds)
    percent = 100 * screen / seconds
    table.add("screen", percent, _CPU_PERCENT, is_met=percent < _CPU_PERCENT)
    if server is not None:
        table.add("server", 100 * server / seconds, "", is_met=None)
    return table


def _seconds_taken(url: str, seconds: int) -> tuple[float, float | None]:
    """What screen and server take in so many seconds, from the screen's fifth look on."""
    server = _server(url)
    with _screen(url) as (process, terminal):
        _drain(terminal, _FIRST_SECONDS)
        before = processor_seconds(process.pid), server and processor_seconds(server)
        _drain(terminal, seconds)
        after = processor_seconds(process.pid), server and processor_seconds(server)
    served = None if before[1] is None or after[1] is None else after[1] - before[1]
    return after[0] - before[0], served


@contextmanager
def _screen(url: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """`savctl top` at its usual pace, and the terminal that it writes to."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "savctl", "top"],
        env={**os.environ, "TERM": "xterm", "SAVCTL_DATABASE_URL": url},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    yield process, ours
    process.terminate()
    process.wait()
    os.close(theirs)
    os.close(ours)


def _server(url: str) -> int | None:
    """The process id of the server; None where the database is a file."""
    database = Database(url)
    if database.is_sqlite:
        return None
    with database.reading() as connection:
        file, folder = connection.execute(text("SELECT @@pid_file, @@datadir")).one()
    database.close()
    return int((Path(str(folder)) / str(file)).read_text(encoding="ascii"))


def _drain(terminal: int, seconds: float) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if select.select([terminal], [], [], left)[0]:
            os.read(terminal, 65_536)


if __name__ == "__main__":
    sys.exit(main())
