"""Trouble is kept by its source: said once, and over only when it really is."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from jobs import event_relay, sync_consume
from savctl.bootstrap import App
from savctl.errors import NeedsConfirmation, Unavailable
from savctl.persistence.jobs.runs import StartedBy
from savctl.ports import QueueMissing, SetClock, StoreUnavailable
from savctl.scheduling.job import Context, Job
from savctl.scheduling.scheduler import Scheduler
from savctl.scheduling.stop import Stop
from savctl.usecases.sync import listening
from tests.events.backlog import put
from tests.events.broker.fake_broker import FakeBroker
from tests.given import write
from tests.jobs.conftest import MakeApp, a_job

pytestmark = pytest.mark.only_on("sqlite")
SLOT = timedelta(minutes=15)
STORE_GONE = StoreUnavailable("the bucket b does not answer")
LOST = Unavailable("the database d was lost", database="d")


class Host:
    """A scheduler whose jobs end as they are told, slot after slot."""

    def __init__(self, app: App, clock: SetClock, log: pytest.LogCaptureFixture) -> None:
        self.clock, self._app, self._log = clock, app, log
        self.ends: dict[str, BaseException | None] = {}
        self.scheduler: Scheduler | None = None

    def jobs(self, *names: str) -> None:
        self._start([a_job(self._work(name), name=name) for name in names])

    def _start(self, jobs: list[Job]) -> None:
        self.scheduler = Scheduler(self._app, jobs, Stop(), by=StartedBy.SCHEDULER)
        self.slot()
        self._log.clear()

    def _work(self, name: str) -> Callable[[Context], None]:
        def work(_: Context) -> None:
            if (problem := self.ends.get(name)) is not None:
                raise problem

        return work

    def slot(self, **ends: BaseException | None) -> list[str]:
        """The next slot; answers what was said of it to an operator."""
        assert self.scheduler is not None
        self.ends = {name.replace("_", "-"): end for name, end in ends.items()}
        self.clock.advance(SLOT)
        return self.tick()

    def tick(self) -> list[str]:
        assert self.scheduler is not None
        self._log.clear()
        self.scheduler.tick()
        self.scheduler.join()
        return [r.getMessage() for r in self._log.records if r.levelno >= logging.WARNING]


@pytest.fixture
def host(app: App, clock: SetClock, caplog: pytest.LogCaptureFixture) -> Host:
    return Host(app, clock, caplog)


def test_a_bucket_in_trouble_is_not_well_because_the_database_answers(host: Host) -> None:
    host.jobs("purge", "close")

    assert host.slot(purge=STORE_GONE) == [
        "the bucket b does not answer. The scheduler keeps trying."
    ]
    assert host.tick() == []
    assert host.slot(purge=STORE_GONE) == []
    assert host.slot() == ["The bucket works again. Every dependency works again."]
    assert host.slot() == []


def test_each_source_has_its_own_beginning_and_its_own_end(host: Host) -> None:
    host.jobs("purge", "close")

    begun = host.slot(purge=STORE_GONE, close=LOST)
    assert sorted(begun) == [
        "the bucket b does not answer. The scheduler keeps trying.",
        "the database d was lost. The scheduler keeps trying.",
    ]
    assert host.slot(purge=STORE_GONE) == ["The database works again."]
    assert host.slot() == ["The bucket works again. Every dependency works again."]


def test_what_two_jobs_met_is_reported_once_and_over_when_both_got_past_it(host: Host) -> None:
    host.jobs("archive", "purge")

    assert len(host.slot(archive=STORE_GONE, purge=STORE_GONE)) == 1
    assert host.slot(archive=STORE_GONE) == []
    assert host.slot() == ["The bucket works again. Every dependency works again."]


def test_a_reading_database_that_refuses_to_write_is_not_well(host: Host) -> None:
    """A read-only server lets each tick look, and lets no job write."""
    host.jobs("close")
    read_only = Unavailable("the database d is read-only at the moment", database="d")

    outputs = [host.slot(close=read_only), host.tick(), host.slot(close=read_only), host.tick()]

    assert [len(lines) for lines in outputs] == [1, 0, 0, 0]


def test_a_braked_job_is_reported_once_whatever_number_it_counted_and_once_when_it_runs(
    host: Host,
) -> None:
    host.jobs("close")

    def braked(count: int) -> NeedsConfirmation:
        return NeedsConfirmation(f"close would close {count} tickets", hint="job run close --yes")

    assert host.slot(close=braked(1001)) == ["close would close 1001 tickets. job run close --yes"]
    assert host.slot(close=braked(1002)) == []
    assert host.slot() == ["Close works again. Every dependency works again."]


def test_a_bug_is_reported_once_with_its_traceback(
    host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    host.jobs("close")

    [line] = host.slot(close=RuntimeError("a bug"))
    assert re.fullmatch(
        r"close failed: RuntimeError at test_troubles\.py:\d+; savctl job why close has its text",
        line,
    )
    assert any(record.exc_info for record in caplog.records)
    assert host.slot(close=RuntimeError("a bug")) == []
    [line] = host.slot(close=KeyError("another"))
    assert "KeyError" in line
    assert "another" not in line
    assert host.slot() == ["Close works again. Every dependency works again."]


def test_a_job_that_cannot_be_looked_at_holds_up_no_other(host: Host, app: App) -> None:
    host.jobs("a-close", "b-close")
    write(app.database, "UPDATE savctl_runs SET status = 'from-the-future' WHERE job = 'a-close'")

    outputs = host.slot()

    assert [line for line in outputs if "a-close" in line] == outputs != []
    begun = "SELECT COUNT(*) AS n FROM savctl_runs WHERE job = 'b-close'"
    assert app.database.transaction(lambda c: c.exec_driver_sql(begun).scalar()) == 2
    assert host.tick() == []


def test_a_scheduler_whose_bucket_is_away_is_still_seen_alive(host: Host, app: App) -> None:
    from savctl.persistence.jobs import schedules

    host.jobs("purge")
    host.slot(purge=STORE_GONE)
    assert host.scheduler is not None

    host.scheduler._tick_alive()

    with app.database.reading() as connection:
        assert [alive.owner for alive in schedules.alive(connection)] == [app.owner]


@pytest.fixture
def relaying(
    make_app: MakeApp, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> tuple[App, FakeBroker]:
    """A relay that stays until its next slot, and looks once in each."""
    monkeypatch.setattr(event_relay, "_sleep", lambda *_: clock.advance(timedelta(minutes=1)))
    app, broker = make_app(), FakeBroker()
    broker.declare()
    app.__dict__["broker"] = broker
    put(app.database, [1])
    return app, broker


def test_a_broker_that_is_down_for_many_slots_of_the_relay_is_reported_once(
    relaying: tuple[App, FakeBroker], caplog: pytest.LogCaptureFixture
) -> None:
    app, broker = relaying
    scheduler = Scheduler(app, [event_relay.JOB], Stop(), by=StartedBy.SCHEDULER)
    broker.is_up = False

    def slots(count: int) -> list[str]:
        caplog.clear()
        for _ in range(count):
            scheduler.tick()
            scheduler.join()
        return [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]

    assert slots(4) == ["the fake broker is down. Events wait."]
    broker.is_up = True
    assert slots(2) == ["Events are sent again."]


def test_the_relay_by_cron_meets_the_same_source(
    relaying: tuple[App, FakeBroker], caplog: pytest.LogCaptureFixture
) -> None:
    app, broker = relaying
    broker.is_up = False

    scheduler = Scheduler(app, [event_relay.JOB], Stop(), by=StartedBy.CRON)
    scheduler.tick()
    scheduler.join()

    [logged] = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert logged.__dict__["source"] == "the broker"


class NoQueues:
    """A broker on which nobody made the queues of other services."""

    name = "the fake broker"

    def listen(self, *_: object, **__: object) -> None:
        raise QueueMissing("the fake broker has no queue sav.users")


def test_queues_that_nobody_made_are_reported_once_over_many_slots(
    make_app: MakeApp,
    clock: SetClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(listening, "_sleep", lambda *_: clock.advance(timedelta(minutes=1)))
    app = make_app()
    app.__dict__["queues"] = NoQueues()
    scheduler = Scheduler(app, [sync_consume.JOB], Stop(), by=StartedBy.SCHEDULER)

    for _ in range(4):
        scheduler.tick()
        scheduler.join()

    warnings = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert warnings == ["the fake broker has no queue sav.users."]
