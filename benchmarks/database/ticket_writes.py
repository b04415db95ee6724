"""What keeping writers on several nodes apart costs: the same work with it and without, by turns.

On a single server savctl only asks once a connection whether it is a cluster's node. On a cluster
each change writes a row of its ticket as well; here on one durable MariaDB, so that nothing but
the row differs.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from benchmarks.database.commit_tokens import (
    BATCH,
    RUN,
    Pair,
    a_ticket,
    add,
    batches,
    by_turns,
    fresh,
)
from benchmarks.framework.figures import Table, cores, finish, say
from benchmarks.framework.load import fill
from benchmarks.framework.servers import durable_server
from benchmarks.framework.shop import Shop
from savctl.persistence.engine import Database
from savctl.persistence.tickets import tickets as places
from savctl.ports import system_clock
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.conversation import add_message

SINGLE_TARGET = 1.03
_SMALL, _FULL = 20_000, 200_000
_PROCESSES, _CALLS = 16, 400


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, and answer 1 when a target is missed."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.database.ticket_writes", description=__doc__
    )
    parser.add_argument("--tickets", type=int, help=f"default {_SMALL:,}; --full: {_FULL:,}")
    parser.add_argument("--full", action="store_true", help="the size of the promise")
    given = parser.parse_args(words)
    tickets = given.tickets or (_FULL if given.full else _SMALL)
    with durable_server() as server:
        table = Table(
            f"a written row of each changed ticket: {server.name}, {cores()} cores, "
            "innodb_flush_log_at_trx_commit = 1",
            ("work", "runs", "with/ms", "without/ms", "ratio", "target"),
        )
        url = fresh(server, "commands")
        number = a_ticket(url)
        add(table, "single: message add, a process", _processes(url, number), SINGLE_TARGET)
        add(table, "cluster: message add, a call", _calls(url, number), None)
        url = fresh(server, "batches")
        fill(url, Shop(tickets, only="resolved"))
        add(
            table,
            f"cluster: close-resolved, {BATCH:,} tickets",
            batches(Database(url, is_cluster=True), _rows),
            None,
        )
    table.show()
    return finish([table])


def _processes(url: str, number: str) -> Pair:
    """The question alone."""
    say(f"{2 * _PROCESSES} commands")
    words = ("message", "add", number, "--from", "customer:456", "--body", "Any news?")

    def command(*, is_with: bool) -> None:
        environment = {
            **os.environ,
            "SAVCTL_DATABASE_URL": url,
            "SAVCTL_DATABASE_CLUSTER": "auto" if is_with else "no",
        }
        subprocess.run(
            [sys.executable, "-c", RUN, *words], env=environment, check=True, capture_output=True
        )

    return by_turns(command, _PROCESSES)


def _calls(url: str, number: str) -> Pair:
    say(f"{2 * _CALLS} calls")
    database = Database(url, is_cluster=True)

    def call(*, is_with: bool) -> None:
        with _rows(partial(bool, is_with)):
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


@contextmanager
def _rows(wanted: Callable[[], bool]) -> Iterator[None]:
    """Write rows only where they are wanted."""
    write = places.Tickets.keep_others_out

    def chosen(tickets: places.Tickets, ids: Iterable[int]) -> None:
        if wanted():
            write(tickets, ids)

    places.Tickets.keep_others_out = chosen  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        places.Tickets.keep_others_out = write  # type: ignore[method-assign]


if __name__ == "__main__":
    sys.exit(main())
