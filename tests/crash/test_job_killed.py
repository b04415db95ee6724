"""kill -9 at any moment of a job: a rerun completes it, and nothing is done twice (rules 10.2)."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Mapping

import pytest

from savctl.persistence.engine import Database
from tests.crash.processes import (
    closed_traces,
    closings_in_histories,
    count,
    finished,
    many_resolved,
    running,
    time_passes_for_leases,
    wait_until,
)
from tests.given import rows

pytestmark = pytest.mark.slow

KILLS = 50
TICKETS = 6_000
CLOSED = "SELECT COUNT(*) AS n FROM support_tickets WHERE status = 'closed'"
BEGUN = "SELECT COUNT(*) AS n FROM savctl_runs"
JOB = ("job", "run", "close-resolved", "--yes")


def killed(database: Database, environment: Mapping[str, str], *, while_starting: bool) -> None:
    """A run that is killed on its way to work, or at work."""
    begun = count(database, BEGUN)
    with running(environment, *JOB) as process:
        if not while_starting:
            wait_until(
                lambda: count(database, BEGUN) > begun or process.poll() is not None,
                what="a run",
            )
        time.sleep(random.uniform(0, 0.5 if while_starting else 0.15))
        process.send_signal(signal.SIGKILL)


def test_a_job_killed_50_times_is_completed_by_a_rerun(
    database: Database, database_url: str, environment: dict[str, str]
) -> None:
    many_resolved(database, TICKETS)
    environment |= {"SAVCTL_DATABASE_URL": database_url, "SAVCTL_BATCH_SIZE": "2"}
    hits, closed = 0, 0

    for number in range(KILLS):
        killed(database, environment, while_starting=number % 5 == 0)
        before, closed = closed, count(database, CLOSED)
        hits += before < closed < TICKETS
        time_passes_for_leases(database)
    assert closed_traces(database) == (closed,) * 4
    assert hits > KILLS / 2, "too few kills hit a job at work to prove anything"

    environment["SAVCTL_BATCH_SIZE"] = "1000"
    assert finished(environment, *JOB) == 0

    assert closed_traces(database) == (TICKETS,) * 4
    assert set(closings_in_histories(database)) == {1}
    *dead, last = rows(database, "SELECT status FROM savctl_runs ORDER BY id")
    assert {run["status"] for run in dead} == {"abandoned"}
    assert last["status"] == "ok"
