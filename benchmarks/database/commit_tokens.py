"""What the token in every writing transaction costs: the same work with it and without, by turns.

A command is measured as a process, as an operator runs it, and as a use case in a process that
is warm; a batch of `close-resolved` in one run of the job, every other batch without a token.
Private MariaDB that has every commit on the disk before it answers. The lower quartiles of both
kinds are compared: what the machine does besides makes times longer, never shorter.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from benchmarks.framework.figures import Table, cores, finish, say
from benchmarks.framework.load import fill, migrate
from benchmarks.framework.servers import durable_server
from benchmarks.framework.shop import NOW, Shop
from savctl.domain.tickets.closing import ClosingLimits
from savctl.persistence import commit_tokens
from savctl.persistence.engine import Database
from savctl.persistence.jobs import leases
from savctl.persistence.jobs.heartbeat import Heartbeat
from savctl.ports import SetClock, system_clock
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.closing import close_resolved
from savctl.usecases.tickets.conversation import add_message
from savctl.usecases.tickets.creation import NewTicket, create_ticket
from tests.servers.databases.mysql_family import PrivateServer

COMMAND_TARGET, BATCH_TARGET = 1.03, 1.01
BATCH = 1_000
_SMALL, _FULL = 60_000, 200_000
_PROCESSES, _CALLS = 24, 600
_WITHOUT = "import savctl.persistence.commit_tokens as t; t.leave = lambda _: None; "
RUN = "import sys; from savctl.cli.framework.run import run; sys.exit(run(sys.argv[1:]))"

Pair = tuple[list[float], list[float]]  # seconds with the token, and without


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, and answer 1 when a target is missed."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.database.commit_tokens", description=__doc__
    )
    parser.add_argument("--tickets", type=int, help=f"default {_SMALL:,}; --full: {_FULL:,}")
    parser.add_argument("--full", action="store_true", help="the size of the promise")
    given = parser.parse_args(words)
    tickets = given.tickets or (_FULL if given.full else _SMALL)
    with durable_server() as server:
        table = Table(
            f"a token in every transaction: {server.name}, {cores()} cores, "
            "innodb_flush_log_at_trx_commit = 1",
            ("work", "runs", "with/ms", "without/ms", "ratio", "target"),
        )
        url = fresh(server, "commands")
        number = a_ticket(url)
        add(table, "message add, a process", _processes(url, number), COMMAND_TARGET)
        add(table, "message add, a call", _calls(url, number), None)
        url = fresh(server, "batches")
        fill(url, Shop(tickets, only="resolved"))
        add(
            table,
            f"close-resolved, {BATCH:,} tickets",
            batches(Database(url), _tokens),
            BATCH_TARGET,
        )
    table.show()
    return finish([table])


def fresh(server: PrivateServer, name: str) -> str:
    """The address of a new database with the present schema."""
    url = server.create_database(name)
    migrate(url)
    return url


def a_ticket(url: str) -> str:
    """The number of a new ticket."""
    database = Database(url)
    wanted = NewTicket(user_id=456, subject="Order not received", description="Where is it?")
    change, _ = create_ticket(Operation(database, system_clock, actor=None), wanted)
    database.close()
    return change.ticket.ticket_number


def _processes(url: str, number: str) -> Pair:
    say(f"{2 * _PROCESSES} commands")
    words = ("message", "add", number, "--from", "customer:456", "--body", "Any news?")
    environment = {**os.environ, "SAVCTL_DATABASE_URL": url}

    def command(*, is_with: bool) -> None:
        code = RUN if is_with else _WITHOUT + RUN
        subprocess.run(
            [sys.executable, "-c", code, *words], env=environment, check=True, capture_output=True
        )

    return by_turns(command, _PROCESSES)


def _calls(url: str, number: str) -> Pair:
    say(f"{2 * _CALLS} calls")
    database = Database(url)

    def call(*, is_with: bool) -> None:
        with _tokens(lambda: is_with):
            add_message(
                Operation(database, system_clock),
                number,
                sender=("agent", 10),
                body="Soon.",
                internal=True,
            )

    found = by_turns(call, _CALLS)
    database.close()
    return found


def by_turns(work: Callable[..., None], count: int) -> Pair:
    """The seconds of the work with what is measured, and without."""
    found: Pair = ([], [])
    work(is_with=True)
    work(is_with=False)
    for number in range(2 * count):
        is_with = number % 4 in {0, 3}  # with, without, without, with
        started = time.perf_counter()
        work(is_with=is_with)
        found[not is_with].append(time.perf_counter() - started)
    return found


def batches(
    database: Database, chosen: Callable[[Callable[[], bool]], AbstractContextManager[None]]
) -> Pair:
    """The seconds of batches of close-resolved; `chosen` has some of them done without it.

    The database is closed at the end.
    """
    found: Pair = ([], [])
    lease = database.transaction(
        lambda c: leases.acquire(c, "close-resolved", owner="benchmarks", seconds=60)
    )
    lease.run_id = 1
    marks = [time.perf_counter()]

    def has_token() -> bool:
        return len(marks) % 4 in {0, 3}

    def on_batch(_: BatchReport) -> None:
        now = time.perf_counter()
        found[not has_token()].append(now - marks[-1])
        marks.append(now)

    terms = BatchContext(report=BatchReport(), size=BATCH, fence=lease, on_batch=on_batch)
    with Heartbeat(database, lease), chosen(has_token):
        close_resolved(database, SetClock(NOW), limits=ClosingLimits(), terms=terms)
    database.close()
    return found


@contextmanager
def _tokens(wanted: Callable[[], bool]) -> Iterator[None]:
    """Leave a token only where it is wanted."""
    leave = commit_tokens.leave
    commit_tokens.leave = lambda connection: leave(connection) if wanted() else None
    try:
        yield
    finally:
        commit_tokens.leave = leave


def add(table: Table, name: str, pair: Pair, target: float | None) -> None:
    """A line of the table: lower quartiles, and their ratio."""
    with_token, without = (statistics.quantiles(times, n=4)[0] for times in pair)
    ratio = with_token / without
    table.add(
        name,
        len(pair[0]) + len(pair[1]),
        with_token * 1000,
        without * 1000,
        f"{ratio:.3f}",
        "" if target is None else f"<= {target}",
        is_met=None if target is None else ratio <= target,
    )


if __name__ == "__main__":
    sys.exit(main())
