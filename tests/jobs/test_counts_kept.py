"""A run that dies keeps the counts of what it had committed (rules 10.4)."""

from __future__ import annotations

import signal
from datetime import timedelta
from typing import Any

import pytest

from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.scheduling.job import find_job
from savctl.scheduling.runner import Start, run_job
from savctl.usecases.batch.report import BatchReport
from tests.conftest import Cli
from tests.crash.processes import count, many_resolved, running, time_passes_for_leases, wait_until
from tests.given import rows, write
from tests.jobs.conftest import MakeApp

CLOSED = "SELECT COUNT(*) AS n FROM support_tickets WHERE status = 'closed'"
RUN = "SELECT seen, changed, skipped, failed FROM savctl_runs ORDER BY id"


@pytest.mark.slow("starts processes to kill")
def test_a_killed_run_keeps_exactly_the_counts_of_its_committed_batches(
    database: Database, database_url: str, environment: dict[str, str], cli: Cli
) -> None:
    many_resolved(database, 1_000)
    environment |= {"SAVCTL_DATABASE_URL": database_url, "SAVCTL_BATCH_SIZE": "5"}

    with running(environment, "job", "run", "close-resolved", "--yes") as process:
        wait_until(lambda: count(database, CLOSED) > 20, what="some batches")
        process.send_signal(signal.SIGKILL)
        process.wait()

    closed = count(database, CLOSED)
    assert 20 < closed < 1_000
    assert rows(database, RUN) == [{"seen": closed, "changed": closed, "skipped": 0, "failed": 0}]

    time_passes_for_leases(database)
    assert cli("job", "run", "close-resolved", "--yes").code == 0
    assert [row["changed"] for row in rows(database, RUN)] == [closed, 1_000 - closed]


@pytest.mark.parametrize("size", [1, 4, 100])
def test_the_row_is_up_to_date_after_each_batch_and_right_at_the_end(
    make_app: MakeApp, database: Database, clock: SetClock, size: int
) -> None:
    many_resolved(database, 10)
    seen: list[dict[str, Any]] = []

    def looked(report: BatchReport) -> None:
        (row,) = rows(database, RUN)
        seen.append(row)
        assert row == {name: n for name, n in report.counts().items() if name != "left"}

    clock.advance(timedelta(days=3))
    app = make_app(batch_size=size, closing_brake=100)
    run_job(find_job("close-resolved"), app, Start(on_batch=looked))

    assert len(seen) == -(-10 // size)
    assert rows(database, RUN) == [seen[-1]]
    assert seen[-1]["changed"] == 10


@pytest.mark.only_on("sqlite")
def test_a_job_without_tickets_keeps_its_counts_too(make_app: MakeApp, database: Database) -> None:
    for number in range(3):
        write(
            database,
            f"INSERT INTO cache (`key`, value, expiration) VALUES ('old-{number}', 'x', 1)",
        )
    found: list[int] = []

    def looked(_: BatchReport) -> None:
        found.append(rows(database, RUN)[0]["changed"])

    run_job(find_job("cache-cleanup"), make_app(batch_size=1), Start(on_batch=looked))

    assert found == [1, 2, 3]
