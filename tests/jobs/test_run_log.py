"""What a scheduler's log shows: each run that did something, and one an hour that did not."""

from __future__ import annotations

import json
import logging
import time
from signal import SIGTERM

import pytest

from savctl import __version__
from savctl.bootstrap import App
from savctl.log import to_stderr
from savctl.persistence.jobs.runs import StartedBy
from savctl.ports import SetClock
from savctl.scheduling.job import Context, Job
from savctl.scheduling.run_log import RunLog
from savctl.scheduling.runner import Start, run_job
from savctl.scheduling.scheduler import Scheduler
from savctl.scheduling.stop import Stop
from tests.given import NOW
from tests.jobs.conftest import a_job


class Runs:
    """Runs of jobs on a clock that stands still until it is moved."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.seconds = 0.0
        self.log = RunLog(lambda: self.seconds)

    def run(self, job: Job) -> None:
        """Run it, as a scheduler does."""
        self.log.done(run_job(job, self.app, Start()), NOW, {"job": job.name})


@pytest.fixture
def runs(app: App, caplog: pytest.LogCaptureFixture) -> Runs:
    caplog.set_level(logging.INFO, logger="savctl")
    return Runs(app)


def works(context: Context) -> None:
    context.terms.report.count(seen=3, changed=2)


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def test_every_run_that_did_something_has_a_line(
    runs: Runs, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        runs.run(a_job(works, name="busy"))

    counts = "busy ok: 3 seen, 2 changed, 0 skipped, 0 failed, 0 left."
    assert lines(caplog) == [counts, counts]


@pytest.mark.slow("a run for each minute of two hours")
def test_of_runs_that_changed_nothing_one_an_hour_has_a_line_with_their_number(
    runs: Runs, caplog: pytest.LogCaptureFixture
) -> None:
    for runs.seconds in range(0, 7_200, 60):
        runs.run(a_job(name="idle"))

    first, second = lines(caplog)
    assert first == "idle ok: 0 seen, 0 changed, 0 skipped, 0 failed, 0 left."
    assert second.endswith("0 left; 59 runs before it changed nothing.")


def test_a_run_of_another_job_hides_none(runs: Runs, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("idle", "also-idle"):
        runs.run(a_job(name=name))

    assert [line.split()[0] for line in lines(caplog)] == ["idle", "also-idle"]


def test_a_scheduler_logs_what_it_runs_and_that_it_stops(
    app: App,
    clock: SetClock,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    to_stderr(logging.INFO, form="json")
    stop, gives_up = Stop(), time.monotonic() + 20

    def stops_with_the_scheduler(context: Context) -> None:
        stop.request(SIGTERM)
        while not any("Stopping" in line for line in lines(caplog)):
            assert time.monotonic() < gives_up
            time.sleep(0.01)

    job = a_job(stops_with_the_scheduler, name="test-job", cron="30 10 * * *")
    Scheduler(app, [job], stop, by=StartedBy.SCHEDULER).run()

    logged = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    by_event = {line["event"]: line for line in logged}
    assert list(by_event) == [
        "scheduler_started",
        "scheduler_stopping",
        "job_done",
        "scheduler_ended",
    ]
    started = by_event["scheduler_started"]
    assert started["version"] == __version__
    assert started["database"] == app.raw_database.name
    assert list(started["jobs"]) == ["test-job"]
    assert "test-job" in by_event["scheduler_stopping"]["message"]
    assert (by_event["job_done"]["job"], by_event["job_done"]["run_id"]) == ("test-job", 1)
    assert all({"at", "level", "event", "message", "host"} <= set(line) for line in logged)
