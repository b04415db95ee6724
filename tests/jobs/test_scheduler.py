"""The scheduler: every due job in a thread of its own, whatever happens to the others."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from signal import SIGTERM

import pytest

from savctl.bootstrap import App
from savctl.config import load
from savctl.errors import ConfigurationError, ExitCode, NeedsConfirmation, Unavailable
from savctl.persistence.jobs import schedules
from savctl.persistence.jobs.running import Beginning, begin
from savctl.persistence.jobs.runs import StartedBy
from savctl.ports import SetClock
from savctl.scheduling.job import CatchUp, Context, Job
from savctl.scheduling.plan import FIRST_SIGHT
from savctl.scheduling.runner import Start, run_job
from savctl.scheduling.scheduler import Scheduler
from savctl.scheduling.stop import Stop
from tests.given import rows
from tests.jobs.conftest import MakeApp, a_job
from tests.servers.ports import free_port

HOUR = timedelta(hours=1)
BEFORE = datetime(2025, 10, 3, 10, 5, tzinfo=UTC)


def ticked(app: App, *jobs: Job, stop: Stop | None = None) -> Scheduler:
    """One tick of a scheduler on a host, waited for."""
    scheduler = Scheduler(app, jobs, stop or Stop(), by=StartedBy.SCHEDULER)
    scheduler.tick()
    scheduler.join()
    return scheduler


def known_before(app: App, clock: SetClock, *jobs: Job) -> None:
    """The jobs have been known for a while, and nothing was due then."""
    now, clock.at = clock.at, BEFORE
    ticked(app, *jobs)
    clock.at = now


def slots(app: App) -> list[str]:
    stored = rows(app.database, "SELECT scheduled_for FROM savctl_runs ORDER BY id")
    return [str(row["scheduled_for"])[11:16] for row in stored]


def test_a_due_slot_is_run_once_however_many_hosts_tick(
    make_app: MakeApp, clock: SetClock
) -> None:
    app, other, job = make_app(owner="a:1"), make_app(owner="b:2"), a_job()
    known_before(app, clock, job)

    for host in (app, other, app, other):
        ticked(host, job)

    assert slots(app) == ["10:30"]


def test_a_job_seen_for_the_first_time_owes_nothing_old(app: App, clock: SetClock) -> None:
    clock.advance(FIRST_SIGHT + timedelta(seconds=1))
    monthly = a_job(cron="0 4 1 * *")

    ticked(app, monthly)

    assert slots(app) == []


def test_a_cron_line_that_fires_for_the_first_time_gets_its_slot(
    app: App, clock: SetClock
) -> None:
    clock.advance(timedelta(seconds=3))

    ticked(app, a_job(cron="30 10 3 * *"))

    assert slots(app) == ["10:30"]


def test_what_was_missed_is_caught_up_once(app: App, clock: SetClock) -> None:
    job = a_job()
    known_before(app, clock, job)
    ticked(app, job)
    clock.advance(6 * HOUR)

    ticked(app, job)
    ticked(app, job)

    assert slots(app) == ["10:30", "16:30"]


def test_a_job_that_needs_every_slot_gets_every_slot(app: App, clock: SetClock) -> None:
    job = a_job(catch_up=CatchUp.EACH)
    known_before(app, clock, job)
    clock.advance(HOUR)

    ticked(app, job)

    assert slots(app) == ["10:15", "10:30", "10:45", "11:00", "11:15", "11:30"]


def test_a_slow_job_does_not_hold_the_others(app: App, clock: SetClock) -> None:
    others_done = threading.Event()

    def slow(_: Context) -> None:
        assert others_done.wait(20)

    jobs = [
        a_job(slow, name="a-slow"),
        a_job(lambda _: others_done.set(), name="b-quick"),
    ]
    known_before(app, clock, *jobs)

    ticked(app, *jobs)

    assert slots(app) == ["10:30", "10:30"]


def test_a_job_at_work_is_not_started_again(app: App, clock: SetClock) -> None:
    go_on = threading.Event()

    def waits(_: Context) -> None:
        go_on.wait(20)

    job = a_job(waits)
    known_before(app, clock, job)
    scheduler = Scheduler(app, [job], Stop(), by=StartedBy.SCHEDULER)

    scheduler.tick()
    clock.advance(HOUR)
    scheduler.tick()
    go_on.set()
    scheduler.join()

    assert slots(app) == ["10:30"]


def test_a_jobs_bug_stays_its_own(
    app: App, clock: SetClock, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(_: Context) -> None:
        raise RuntimeError("a bug")

    jobs = [a_job(fails, name="a-bad"), a_job(name="b-good")]
    known_before(app, clock, *jobs)

    scheduler = ticked(app, *jobs)

    stored = rows(app.database, "SELECT job, status FROM savctl_runs ORDER BY job")
    assert [(row["job"], row["status"]) for row in stored] == [
        ("a-bad", "failed"),
        ("b-good", "ok"),
    ]
    assert ExitCode.BUG in scheduler.codes
    assert "a-bad failed: RuntimeError at" in caplog.text


def test_a_brake_is_reported_with_what_to_do(
    app: App, clock: SetClock, caplog: pytest.LogCaptureFixture
) -> None:
    def braked(_: Context) -> None:
        raise NeedsConfirmation("too many", hint="savctl job run test-job --yes")

    job = a_job(braked)
    known_before(app, clock, job)

    scheduler = ticked(app, job)

    assert scheduler.codes == {ExitCode.NEEDS_CONFIRMATION}
    assert "savctl job run test-job --yes" in caplog.text


def test_a_slot_whose_run_died_is_continued(make_app: MakeApp, clock: SetClock) -> None:
    app, job = make_app(), a_job()
    known_before(app, clock, job)
    slot = clock()
    died = Beginning(job=job.name, owner="dead:1", host="dead", seconds=60, clock=clock, slot=slot)
    app.database.transaction(lambda c: begin(c, died))
    clock.advance(timedelta(minutes=5))
    ticked(app, job)
    assert [row["attempt"] for row in rows(app.database, "SELECT attempt FROM savctl_runs")] == [1]

    app.database.transaction(
        lambda c: c.exec_driver_sql("UPDATE savctl_leases SET expires_at = '2000-01-01 00:00:00'")
    )
    ticked(app, job)

    stored = rows(app.database, "SELECT attempt, status, host FROM savctl_runs")
    assert stored == [{"attempt": 2, "status": "ok", "host": "here"}]


def test_a_database_that_is_down_is_reported_once_and_tried_again(
    make_app: MakeApp, clock: SetClock, caplog: pytest.LogCaptureFixture
) -> None:
    job = a_job()
    good = make_app()
    known_before(good, clock, job)
    nobody = load({"SAVCTL_DATABASE_URL": f"mysql://root@127.0.0.1:{free_port()}/x", "HOME": "."})
    app = App(nobody, clock)
    scheduler = Scheduler(app, [job], Stop(), by=StartedBy.SCHEDULER)

    for _ in range(3):
        scheduler.tick()
    logged = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(logged) == 1
    assert "keeps trying" in logged[0].getMessage()
    assert ExitCode.UNAVAILABLE in scheduler.codes

    app.__dict__["database"] = good.database  # it is back
    scheduler.tick()
    scheduler.join()

    assert slots(good) == ["10:30"]
    assert "Every dependency works again." in caplog.text


def test_a_stop_ends_the_work_and_starts_no_more(app: App, clock: SetClock) -> None:
    stop = Stop()
    looked: list[bool] = []

    def works_on(context: Context) -> None:
        stop.request(SIGTERM)
        looked.append(context.terms.should_stop())

    job = a_job(works_on, catch_up=CatchUp.EACH)
    known_before(app, clock, job)

    ticked(app, job, stop=stop)

    assert looked == [True]
    assert slots(app) == ["10:15"]


def test_the_schedule_in_the_settings_counts(make_app: MakeApp, clock: SetClock) -> None:
    job = a_job()
    off = make_app(schedules={job.name: "off"})
    hourly = make_app(schedules={job.name: "0 * * * *"})
    known_before(make_app(), clock, job)

    ticked(off, job)
    ticked(hourly, job)
    assert slots(off) == []

    clock.advance(HOUR)
    ticked(hourly, job)
    assert slots(off) == ["11:00"]


def test_wrong_schedules_are_named_all_at_once(make_app: MakeApp) -> None:
    app = make_app(schedules={"auto-close": "0 3 * * 0", "autoclose": "* * * * *"})

    with pytest.raises(ConfigurationError) as wrong:
        Scheduler(app, [], Stop(), by=StartedBy.SCHEDULER)

    assert "SAVCTL_SCHEDULE_AUTO_CLOSE: '0 3 * * 0' has a weekday by number" in str(wrong.value)
    assert "SAVCTL_SCHEDULE_AUTOCLOSE: no job is called 'autoclose'" in str(wrong.value)


def test_a_living_scheduler_ticks_is_seen_and_takes_its_leave(
    make_app: MakeApp, clock: SetClock
) -> None:
    stop, ran = Stop(), threading.Event()
    app = make_app(owner="a:1", tick_seconds=1)
    job = a_job(lambda _: ran.set())
    known_before(app, clock, job)
    seen: list[str] = []

    def watch() -> None:
        ran.wait(20)
        give_up = time.monotonic() + 20
        while not seen and time.monotonic() < give_up:
            time.sleep(0.05)
            with app.database.reading() as connection:
                seen.extend(alive.owner for alive in schedules.alive(connection))
        stop.request(SIGTERM)

    watcher = threading.Thread(target=watch)
    watcher.start()
    Scheduler(app, [job], stop, by=StartedBy.SCHEDULER).run()
    watcher.join()

    assert seen == ["a:1"]
    assert slots(app) == ["10:30"]
    with app.database.reading() as connection:
        assert schedules.alive(connection) == []


def test_a_job_lost_to_the_database_is_tried_again_later(app: App, clock: SetClock) -> None:
    outcomes = iter([Unavailable("the database was lost"), None])

    def work(_: Context) -> None:
        if (problem := next(outcomes)) is not None:
            raise problem

    job = a_job(work)
    known_before(app, clock, job)
    ticked(app, job)
    ticked(app, job)
    clock.advance(timedelta(minutes=2))

    ticked(app, job)

    stored = rows(app.database, "SELECT attempt, status FROM savctl_runs")
    assert stored == [{"attempt": 2, "status": "ok"}]


def test_a_run_by_hand_does_not_use_up_a_slot(app: App, clock: SetClock) -> None:
    job = a_job()
    known_before(app, clock, job)
    run_job(job, app, Start())

    ticked(app, replace(job))

    assert len(slots(app)) == 2
