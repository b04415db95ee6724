"""SIGTERM and SIGINT: the batch at hand is finished, the rest is left to a rerun (rules 10.2)."""

from __future__ import annotations

import json
import signal
import time

import pytest

from savctl.persistence.engine import Database
from tests.crash.processes import (
    closed_traces,
    count,
    ended,
    finished,
    many_resolved,
    running,
    wait_until,
)
from tests.given import rows

pytestmark = pytest.mark.slow("stops processes in the middle of their work")

TICKETS = 2_000
CLOSED = "SELECT COUNT(*) AS n FROM support_tickets WHERE status = 'closed'"
JOB = ("job", "run", "close-resolved", "--yes", "-o", "json")


@pytest.mark.parametrize(
    ("signals", "code"),
    [
        ([signal.SIGTERM], 143),
        ([signal.SIGINT], 130),
        ([signal.SIGTERM, signal.SIGTERM, signal.SIGTERM], 143),
    ],
)
def test_a_signal_ends_a_job_after_its_batch(
    database: Database,
    database_url: str,
    environment: dict[str, str],
    signals: list[signal.Signals],
    code: int,
) -> None:
    many_resolved(database, TICKETS)
    environment |= {"SAVCTL_DATABASE_URL": database_url, "SAVCTL_BATCH_SIZE": "2"}

    with running(environment, *JOB) as process:
        wait_until(lambda: count(database, CLOSED), what="the first batch")
        for number in signals:
            process.send_signal(number)
            time.sleep(0.01)
        found, out, err = ended(process)

    assert found == code, err
    notes = [json.loads(line).get("note", "") for line in err.splitlines()]
    assert notes.count("stopping after the current batch") == 1
    report = json.loads(out)
    assert report["seen"] + report["left"] == TICKETS
    assert report["left"] > 0
    assert closed_traces(database) == (report["changed"],) * 4
    run = rows(database, "SELECT status, changed, left_over FROM savctl_runs")[0]
    assert run == {
        "status": "interrupted",
        "changed": report["changed"],
        "left_over": report["left"],
    }
    environment["SAVCTL_BATCH_SIZE"] = "1000"
    assert finished(environment, *JOB) == 0  # the lease was given back
    assert closed_traces(database) == (TICKETS,) * 4


def test_a_signal_ends_an_audit_and_leaves_it_to_be_done_again(
    database: Database, database_url: str, environment: dict[str, str]
) -> None:
    many_resolved(database, TICKETS)
    environment |= {"SAVCTL_DATABASE_URL": database_url, "SAVCTL_BATCH_SIZE": "1"}

    with running(environment, "sla", "audit", "-o", "json") as process:
        wait_until(lambda: rows(database, "SELECT id FROM savctl_runs"), what="the run")
        process.send_signal(signal.SIGTERM)
        found, out, err = ended(process)

    assert found == 143, err
    report = json.loads(out)
    assert (report["seen"] + report["left"], report["left"] > 0) == (TICKETS, True)
    assert rows(database, "SELECT status FROM savctl_runs") == [{"status": "interrupted"}]
    assert rows(database, "SELECT id FROM savctl_reports") == []
    environment["SAVCTL_BATCH_SIZE"] = "1000"
    assert finished(environment, "sla", "audit") == 10  # not 9: the lease was given back
    assert len(rows(database, "SELECT id FROM savctl_reports")) == 1


def test_a_scheduler_ends_with_its_jobs_and_leaves_no_lease(
    database: Database, database_url: str, environment: dict[str, str]
) -> None:
    many_resolved(database, 900)
    environment |= {
        "SAVCTL_DATABASE_URL": database_url,
        "SAVCTL_BATCH_SIZE": "1",
        "SAVCTL_SCHEDULE_CLOSE_RESOLVED": "* * * * *",
    }

    with running(environment, "scheduler", "run", "--only", "close-resolved") as process:
        wait_until(lambda: count(database, CLOSED), what="the first batch")
        process.send_signal(signal.SIGTERM)
        code, _, err = ended(process)

    assert code == 143, err
    run = rows(database, "SELECT status, changed FROM savctl_runs")[0]
    assert run["status"] == "interrupted"
    assert closed_traces(database) == (run["changed"],) * 4
    assert rows(database, "SELECT name FROM savctl_leases WHERE owner IS NOT NULL") == []
