"""kill -9 at any moment of a job: a rerun completes it, and nothing is done twice (rules 10.2)."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Mapping

import pytest

from savctl.persistence.engine import Database
from tests.crash.processes import (
    Aim,
    closed_traces,
    closings_in_histories,
    count,
    finished,
    many_resolved,
    running,
    time_passes_for_leases,
    wait_until,
)
from tests.depth import KILLS, too_few, work_for_kills
from tests.given import rows

pytestmark = pytest.mark.slow("kills processes at work, again and again")

TICKETS = work_for_kills(120)
CLOSED = "SELECT COUNT(*) AS n FROM support_tickets WHERE status = 'closed'"
JOB = ("job", "run", "close-resolved", "--yes")


def killed(database: Database, environment: Mapping[str, str], aim: Aim | None) -> None:
    """A run that is killed at work; without an aim, on its way to work."""
    closed = count(database, CLOSED)
    with running(environment, *JOB) as process:
        if aim is None:
            time.sleep(random.uniform(0, 0.1))
        else:
            wait_until(
                lambda: count(database, CLOSED) > closed or process.poll() is not None,
                what="a batch",
                every=0.001,
            )
            aim.pause()
        process.send_signal(signal.SIGKILL)


def test_a_job_killed_again_and_again_is_completed_by_a_rerun(
    database: Database, database_url: str, environment: dict[str, str]
) -> None:
    many_resolved(database, TICKETS)
    environment |= {"SAVCTL_DATABASE_URL": database_url, "SAVCTL_BATCH_SIZE": "2"}
    hits, closed, aim = 0, 0, Aim(0.1)

    for number in range(KILLS):
        killed(database, environment, None if number % 5 == 0 else aim)
        before, closed = closed, count(database, CLOSED)
        hits += before < closed < TICKETS
        aim.learn(too_late=closed - before > TICKETS / KILLS)  # some must be left for the last
        time_passes_for_leases(database)
    assert closed_traces(database) == (closed,) * 4
    assert hits > too_few(KILLS), "too few kills hit a job at work to prove anything"

    environment["SAVCTL_BATCH_SIZE"] = "1000"
    assert finished(environment, *JOB) == 0

    assert closed_traces(database) == (TICKETS,) * 4
    assert set(closings_in_histories(database)) == {1}
    *dead, last = rows(database, "SELECT status FROM savctl_runs ORDER BY id")
    assert {run["status"] for run in dead} == {"abandoned"}
    assert last["status"] == "ok"
