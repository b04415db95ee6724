"""Without a broker the relay says so, everywhere in the same words, and a scheduler only once."""

from __future__ import annotations

import json
import logging
from datetime import timedelta

import pytest

from savctl.persistence.engine import Database
from savctl.persistence.jobs.runs import StartedBy
from savctl.ports import SetClock
from savctl.scheduling.job import find_job
from savctl.scheduling.runner import Start, run_job
from savctl.scheduling.troubles import Troubles
from tests.conftest import Cli
from tests.events.backlog import put
from tests.given import DAY, NOW, rows
from tests.jobs.conftest import MakeApp, make_app  # noqa: F401 - a fixture

pytestmark = pytest.mark.only_on("sqlite")
WARNING = "no broker is configured: 2 events wait in the outbox"


def test_the_job_has_same_terms_in_a_dry_run_and_a_real_one(database: Database, cli: Cli) -> None:
    put(database, [1, 2])

    foretold, done = (cli("job", "run", "event-relay", *more) for more in (("-n",), ()))

    for outcome in (foretold, done):
        assert (outcome.code, WARNING in outcome.err) == (0, True)
        assert "2 seen, 0 changed, 2 skipped" in outcome.out
    assert WARNING not in cli("job", "run", "event-relay", "--quiet").err


def test_doctor_says_it_too(database: Database, cli: Cli) -> None:
    put(database, [1, 2])

    signs = json.loads(cli("doctor", "-o", "json").out)

    (outbox,) = [sign for sign in signs if sign["check"] == "outbox"]
    assert outbox["found"].startswith(WARNING)
    assert outbox["level"] == "warn"


def test_a_scheduler_says_it_once_and_its_runs_count_nothing(
    database: Database,
    make_app: MakeApp,  # noqa: F811
    caplog: pytest.LogCaptureFixture,
) -> None:
    put(database, [1, 2])
    app, clock, troubles = make_app(), SetClock(NOW), Troubles()
    caplog.set_level(logging.INFO, logger="savctl")

    for minute in range(3):
        slot = clock() + timedelta(minutes=minute)
        start = Start(by=StartedBy.SCHEDULER, slot=slot, run_until=slot + DAY, troubles=troubles)
        run_job(find_job("event-relay"), app, start)

    logged = [record for record in caplog.records if "no broker" in record.getMessage()]
    assert [record.levelname for record in logged] == ["WARNING"]
    counted = rows(database, "SELECT DISTINCT status, seen, skipped FROM savctl_runs")
    assert counted == [{"status": "ok", "seen": 0, "skipped": 0}]
