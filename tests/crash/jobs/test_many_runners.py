"""Schedulers, cron and people on one database: one run of a job at a time, each slot once."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from threading import Event, Thread
from typing import Any, Self

import pytest

from savctl.persistence.engine import Database
from savctl.persistence.jobs.runs import StartedBy
from tests.crash.fork_server import Process
from tests.crash.processes import (
    closed_traces,
    closings_in_histories,
    count,
    ended,
    finished,
    many_resolved,
    running,
    wait_until,
)
from tests.depth import deep
from tests.given import rows, write

pytestmark = pytest.mark.slow("runners meet often enough only in seconds")

SECONDS = deep(15.0, usual=5.0)
GRACE_SECONDS = 150.0  # a machine with much else to do
DONE, REFUSED_TO_RUN = 0, 9
LOCKING = "SELECT COUNT(*) AS n FROM information_schema.INNODB_TRX WHERE trx_rows_locked > 0"
WAITING = "SELECT COUNT(*) AS n FROM support_tickets WHERE status = 'resolved'"
CLOSED = "SELECT COUNT(*) AS n FROM support_tickets WHERE status = 'closed'"


@pytest.fixture(autouse=True)
def _on_a_server(kind: str) -> None:
    if kind == "sqlite":
        pytest.skip("SQLite is for one machine, and has no row locks to be paused on")


@pytest.fixture
def shared(database_url: str, environment: dict[str, str]) -> dict[str, str]:
    """An environment for many processes, in which a slot comes up every minute."""
    return environment | {
        "SAVCTL_DATABASE_URL": database_url,
        "SAVCTL_BATCH_SIZE": "10",
        "SAVCTL_CLOSING_BRAKE": "1000000",
        "SAVCTL_TICK_SECONDS": "1",
        "SAVCTL_SCHEDULE_CLOSE_RESOLVED": "* * * * *",
        "SAVCTL_SCHEDULE_AUTO_CLOSE": "* * * * *",
    }


class Caller(Thread):
    """Somebody who calls a command again and again inside a `with`, and notes how it ended."""

    def __init__(self, environment: dict[str, str], *words: str) -> None:
        super().__init__(name=" ".join(words))
        self.codes: list[int] = []
        self._over = Event()
        self._given = (environment, words)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *of_an_error: object) -> None:
        self._over.set()
        self.join()

    def run(self) -> None:
        environment, words = self._given
        while not self._over.is_set():
            self.codes.append(finished(environment, *words))


@contextmanager
def schedulers(environment: dict[str, str], number: int) -> Iterator[None]:
    """That many schedulers beside each other, ended politely."""
    with ExitStack() as stack:
        started = [
            stack.enter_context(running(environment, "scheduler", "run")) for _ in range(number)
        ]
        yield
        for process in started:
            process.send_signal(signal.SIGTERM)
        assert [ended(process)[0] for process in started] == [143] * number


def a_minute_passes(database: Database) -> None:
    """Finished slots move into the past, so that the latest one is due again."""
    database.transaction(
        lambda c: c.exec_driver_sql(
            "UPDATE savctl_runs SET scheduled_for = scheduled_for - INTERVAL 1 DAY "
            "WHERE scheduled_for IS NOT NULL AND status = 'ok' ORDER BY scheduled_for"
        )
    )


def test_six_runners_never_run_a_job_twice_at_once_nor_a_slot_twice(
    database: Database, shared: dict[str, str]
) -> None:
    callers = [
        Caller(shared, "scheduler", "tick", "--quiet"),
        Caller(shared, "job", "run", "close-resolved", "--due"),
        Caller(shared, "job", "run", "close-resolved", "--yes"),
        Caller(shared, "job", "run", "auto-close", "--yes"),
    ]
    tickets = 0

    with schedulers(shared, 2), ExitStack() as calling:
        for caller in callers:
            calling.enter_context(caller)
        until = time.monotonic() + SECONDS
        while time.monotonic() < until or not all_have_run(database):
            assert time.monotonic() < until + GRACE_SECONDS, "somebody never got a run"
            if not count(database, WAITING):  # else the first run would never come to its end
                many_resolved(database, 100, first=tickets + 1)
                tickets += 100
            a_minute_passes(database)
            time.sleep(0.5)
    assert finished(shared, "job", "run", "close-resolved", "--yes") == DONE

    for caller in callers:
        assert set(caller.codes) <= {DONE, REFUSED_TO_RUN}, caller.name
    runs = rows(database, "SELECT * FROM savctl_runs ORDER BY job, started_at, id")
    # A scheduler that is told to end may be in the middle of a run; no slot was run again.
    assert {run["status"] for run in runs} <= {"ok", "interrupted"}
    assert {run["attempt"] for run in runs} == {1}
    assert overlapping(runs) == []
    assert sum(run["changed"] for run in runs) == tickets
    assert closed_traces(database) == (tickets,) * 4
    assert set(closings_in_histories(database)) == {1}


def all_have_run(database: Database) -> bool:
    """Whether schedulers, ticks, cron and hands have each had at least one run."""
    starters = {run["started_by"] for run in rows(database, "SELECT started_by FROM savctl_runs")}
    return starters == set(StartedBy)


def overlapping(runs: list[dict[str, Any]]) -> list[tuple[int, int]]:
    """Runs of one job of which the later began before the earlier had ended."""
    return [
        (earlier["id"], later["id"])
        for earlier, later in pairwise(runs)
        if earlier["job"] == later["job"] and later["started_at"] < earlier["finished_at"]
    ]


def test_a_runner_that_was_paused_past_its_lease_cannot_write(
    database: Database, shared: dict[str, str]
) -> None:
    tickets = 2_000
    many_resolved(database, tickets)
    job = ("job", "run", "close-resolved", "--yes")

    with running(shared, *job) as sleeper:
        wait_until(lambda: count(database, CLOSED), what="the first batch")
        sleeper.send_signal(signal.SIGSTOP)
        wait_until(lambda: lease_runs_out(database, sleeper), what="a moment between batches")
        successor = finished(shared | {"SAVCTL_BATCH_SIZE": "1000"}, *job)
        written = closed_traces(database)
        sleeper.send_signal(signal.SIGCONT)
        code, _, err = ended(sleeper)

    assert successor == DONE
    assert code == 8
    assert "taken over by another host" in err
    assert closed_traces(database) == written
    assert finished(shared, *job) == DONE  # what the sleeper held locked meanwhile
    assert closed_traces(database) == (tickets,) * 4
    stored = rows(database, "SELECT status FROM savctl_runs ORDER BY id")
    assert [run["status"] for run in stored] == ["abandoned", "ok", "ok"]


def lease_runs_out(database: Database, sleeper: Process) -> bool:
    """Let the lease of a paused process run out.

    One that was paused inside a transaction holds rows that a successor wants, the lease's among
    them at its end: nobody can overtake it, and it has to go on a little first.
    """
    time.sleep(0.15)  # the server answers with what it knew up to 0.1 s ago
    if count(database, LOCKING):
        sleeper.send_signal(signal.SIGCONT)
        time.sleep(0.005)
        sleeper.send_signal(signal.SIGSTOP)
        return False
    write(database, "UPDATE savctl_leases SET expires_at = '2000-01-01' WHERE owner IS NOT NULL")
    return True
