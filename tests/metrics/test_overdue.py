"""Since when a job is overdue: `top`, `doctor`, `job why` and the metric count alike."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from savctl.domain.clock import micro_text, second_text
from savctl.persistence.engine import Database
from savctl.ports import system_clock
from tests.conftest import Cli
from tests.given import write
from tests.metrics.conftest import Metrics

pytestmark = pytest.mark.each_database("slots are looked up by SQL")
JOB = "sla-escalation"  # due each minute: its newest missed slot is never older than that
LABELS = f'{{job="{JOB}"}}'


@pytest.fixture
def first_missed(database: Database) -> datetime:
    """The job ran for the last time two hours ago; the slot after that one."""
    last = (system_clock() - timedelta(hours=2)).replace(second=0, microsecond=0)
    slot = f"{last:%Y-%m-%d %H:%M:%S}.000000"
    write(
        database,
        "INSERT INTO savctl_meta (name, value) VALUES "
        f"('job-known-since:{JOB}', '{micro_text(last - timedelta(days=1))}')",
    )
    write(
        database,
        "INSERT INTO savctl_runs (job, scheduled_for, started_by, status, host, token, started_at,"
        f" finished_at) VALUES ('{JOB}', '{slot}', 'cron', 'ok', 'a:1', 1, '{slot}', '{slot}')",
    )
    return last + timedelta(minutes=1)


@pytest.fixture
def top(cli: Cli) -> Callable[[], dict[str, Any]]:
    """The line of the job in `top`."""

    def read() -> dict[str, Any]:
        shown = cli("top", "-o", "json")
        assert shown.code == 0, shown.err
        found: dict[str, Any] = next(
            one for one in json.loads(shown.out)["jobs"] if one["job"] == JOB
        )
        return found

    return read


def scheduler_line(cli: Cli) -> str:
    lines = json.loads(cli("doctor", "-o", "json").out)
    return str(next(line for line in lines if line["check"] == "scheduler")["found"])


@pytest.mark.slow("four commands")
def test_a_job_of_every_minute_that_stands_still_is_late_by_hours(
    cli: Cli, metrics: Metrics, top: Callable[[], dict[str, Any]], first_missed: datetime
) -> None:
    seconds = metrics()[f"savctl_job_overdue_seconds{LABELS}"]
    line = top()
    why = json.loads(cli("job", "why", JOB, "-o", "json").out)

    assert abs(seconds - (system_clock() - first_missed).total_seconds()) < 60
    assert (line["due_since"], line["is_overdue"]) == (second_text(first_missed), True)
    assert f"{JOB} since {first_missed:%Y-%m-%d %H:%M}Z" in scheduler_line(cli)
    assert why["because"].startswith(f"Overdue since {first_missed:%Y-%m-%d %H:%M}Z")


@pytest.mark.usefixtures("first_missed")
def test_a_job_that_runs_is_not_overdue(
    cli: Cli, database: Database, metrics: Metrics, top: Callable[[], dict[str, Any]]
) -> None:
    write(
        database,
        "INSERT INTO savctl_leases (name, owner, token, expires_at)"
        f" VALUES ('{JOB}', 'web-2:99', 3, '2099-01-01 00:00:00')",
    )

    found = metrics()

    assert found[f"savctl_job_overdue_seconds{LABELS}"] == 0
    assert found[f"savctl_job_running{LABELS}"] == 1
    assert top()["is_overdue"] is False
    assert JOB not in scheduler_line(cli)


def test_the_first_run_of_a_kind_is_an_increase_of_its_counter(metrics: Metrics) -> None:
    found = metrics()

    outcomes = ("ok", "partly", "braked", "failed", "interrupted", "abandoned")
    names = [f'savctl_job_runs_total{{job="{JOB}",outcome="{one}"}}' for one in outcomes]
    assert {name: found.get(name) for name in names} == dict.fromkeys(names, 0)
