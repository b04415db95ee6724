"""Hosts whose clocks differ from the database's, and a server whose clock is set (rules 20.9)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from savctl.bootstrap import App
from savctl.domain.clock_skew import ClockOff
from savctl.domain.model.states import Status
from savctl.errors import AlreadyRunning, ExitCode
from savctl.persistence.engine import Database
from savctl.persistence.jobs import leases
from savctl.persistence.jobs.lease import LeaseLost, renew
from savctl.persistence.jobs.runs import StartedBy
from savctl.ports import SetClock
from savctl.scheduling.job import Context, Job, all_jobs, find_job
from savctl.scheduling.plan import due_slots, schedule_of
from savctl.scheduling.runner import Start, run_job
from savctl.scheduling.scheduler import Scheduler
from savctl.scheduling.stop import Stop
from tests.given import DAY, NOW, SECOND, brought_to, rows, snapshot
from tests.jobs.conftest import MakeApp, a_job
from tests.servers.databases.database_clock import DatabaseClock

pytestmark = pytest.mark.only_on("mariadb", "mysql")

MINUTE = 60 * SECOND
SMALL = (timedelta(), 10 * SECOND, -10 * SECOND)
LARGE = (10 * MINUTE, -10 * MINUTE, 8 * DAY, -8 * DAY)
DECIDING = sorted(set(all_jobs()) - {"event-relay"})  # there is no broker here

Host = Callable[..., App]


@pytest.fixture
def server(database: Database) -> DatabaseClock:
    """The server's clock, which stands at NOW."""
    return DatabaseClock(database, NOW)


@pytest.fixture
def host(make_app: MakeApp, server: DatabaseClock) -> Host:
    """An application on a host whose clock is off by so much."""

    def make(skew: timedelta = timedelta(), owner: str = "here:1", **settings: object) -> App:
        app = make_app(owner=owner, **settings)
        app.clock = app.host_clock = lambda: server.at + skew
        return app

    return make


def status_of(database: Database, ticket: int) -> str:
    query = f"SELECT status FROM support_tickets WHERE id = {ticket}"
    return str(rows(database, query)[0]["status"])


def ticked(app: App, *jobs: Job) -> Scheduler:
    scheduler = Scheduler(app, jobs, Stop(), by=StartedBy.CRON)
    scheduler.tick()
    scheduler.join()
    return scheduler


@pytest.mark.parametrize("skew", SMALL, ids=str)
@pytest.mark.parametrize(
    ("job", "status", "limit"),
    [
        ("auto-close", Status.WAITING_CUSTOMER, 7 * DAY),
        ("close-resolved", Status.RESOLVED, DAY),
    ],
)
@pytest.mark.parametrize(("age", "closes"), [(-MINUTE, False), (MINUTE, True)], ids=str)
def test_a_small_difference_closes_what_is_due_and_nothing_else(
    host: Host,
    database: Database,
    skew: timedelta,
    job: str,
    status: Status,
    limit: timedelta,
    age: timedelta,
    closes: bool,
) -> None:
    ticket = brought_to(database, SetClock(NOW - limit - age), status).id

    run_job(find_job(job), host(skew), Start())

    assert status_of(database, ticket) == ("closed" if closes else str(status))


@pytest.mark.parametrize("skew", LARGE, ids=str)
def test_a_large_difference_runs_no_job(host: Host, database: Database, skew: timedelta) -> None:
    for status, age in ((Status.WAITING_CUSTOMER, 8 * DAY), (Status.RESOLVED, 2 * DAY)):
        brought_to(database, SetClock(NOW - age), status)
    app, before = host(skew), snapshot(database)

    for name in DECIDING:
        with pytest.raises(ClockOff):
            run_job(find_job(name), app, Start(is_confirmed=True))
        with pytest.raises(ClockOff):
            due_slots(find_job(name), app, schedule_of(find_job(name), app.settings))
    scheduler = ticked(app, *(find_job(name) for name in DECIDING))

    assert scheduler.codes == {ExitCode.UNAVAILABLE}
    assert snapshot(database) == before


def test_the_limit_is_a_setting(host: Host, database: Database) -> None:
    ticket = brought_to(database, SetClock(NOW - 8 * DAY), Status.WAITING_CUSTOMER).id

    run_job(find_job("auto-close"), host(10 * MINUTE, clock_skew_limit=11 * MINUTE), Start())

    assert status_of(database, ticket) == "closed"


def test_a_clock_that_is_set_while_a_job_runs_ends_it_at_the_batch(
    host: Host, database: Database, server: DatabaseClock
) -> None:
    tickets = [
        brought_to(database, SetClock(NOW - 8 * DAY), Status.WAITING_CUSTOMER).id for _ in range(3)
    ]
    app, jumped = host(batch_size=1), False

    def clock() -> datetime:
        return server.at + (10 * MINUTE if jumped else timedelta())

    def jump(_: object) -> None:
        nonlocal jumped
        jumped = True

    app.clock = app.host_clock = clock
    with pytest.raises(ClockOff):
        run_job(find_job("auto-close"), app, Start(on_batch=jump))

    assert [status_of(database, t) for t in tickets] == [
        "closed",
        "waiting_customer",
        "waiting_customer",
    ]
    ended = rows(database, "SELECT status, error FROM savctl_runs")[0]
    assert ended["status"] == "interrupted"
    assert "clock" in ended["error"]
    run_job(find_job("auto-close"), host(), Start())  # nothing is locked


@pytest.mark.parametrize(("first", "second"), [(a, b) for a in SMALL for b in SMALL], ids=str)
def test_two_hosts_begin_each_slot_once_and_none_before_its_time(
    host: Host, database: Database, server: DatabaseClock, first: timedelta, second: timedelta
) -> None:
    job = a_job(cron="* * * * *")
    one, two = host(first, "a:1"), host(second, "b:2")
    server.at = NOW - MINUTE  # known since then
    ticked(one, job)
    begun: dict[datetime, int] = {}

    for seconds in (-15, -5, 10, 55, 70, 115, 130):
        server.at = NOW + seconds * SECOND
        for app in (one, two):
            ticked(app, job)
        found = rows(database, "SELECT scheduled_for FROM savctl_runs ORDER BY id")
        begun[server.at] = len(found)

    slots = [row["scheduled_for"] for row in rows(database, "SELECT * FROM savctl_runs")]
    assert sorted(set(slots)) == sorted(slots)
    before = begun[NOW - 15 * SECOND]  # slots of the minutes before
    assert [begun[NOW + m * MINUTE - 5 * SECOND] for m in range(3)] == [
        before,
        before + 1,
        before + 2,
    ]
    assert [begun[NOW + m * MINUTE + 10 * SECOND] for m in range(3)] == [
        before + 1,
        before + 2,
        before + 3,
    ]


def test_a_step_of_the_servers_clock_forward_gives_the_lease_away_once(
    host: Host, database: Database, server: DatabaseClock
) -> None:
    def step_and_take_over(context: Context) -> None:
        server.advance(timedelta(hours=1))
        run_job(a_job(), host(owner="b:2"), Start())

    with pytest.raises(LeaseLost):
        run_job(a_job(step_and_take_over), host(owner="a:1"), Start())

    statuses = [r["status"] for r in rows(database, "SELECT status FROM savctl_runs ORDER BY id")]
    assert statuses == ["abandoned", "ok"]


def test_a_step_back_does_not_keep_the_lease_of_a_dead_host(
    host: Host, database: Database, server: DatabaseClock
) -> None:
    database.transaction(lambda c: leases.acquire(c, "test-job", owner="dead:1", seconds=60))

    with pytest.raises(AlreadyRunning):
        run_job(a_job(), host(), Start())
    server.advance(-timedelta(hours=1))

    run_job(a_job(), host(), Start())


def test_a_step_back_leaves_the_lease_to_a_holder_that_renews(
    host: Host, database: Database, server: DatabaseClock
) -> None:
    lease = database.transaction(
        lambda c: leases.acquire(c, "test-job", owner="other:1", seconds=60)
    )
    server.advance(-timedelta(hours=1))
    assert database.transaction(lambda c: renew(c, lease))

    with pytest.raises(AlreadyRunning):
        run_job(a_job(), host(), Start())
    server.advance(61 * SECOND)
    run_job(a_job(), host(), Start())


def test_slots_are_not_run_twice_when_the_servers_clock_goes_back_and_forth(
    host: Host, database: Database, server: DatabaseClock
) -> None:
    job = a_job(cron="* * * * *")
    ticked(host(), job)

    for seconds in (30, 90, 3600, -600, 30, 91, 3601):
        server.at = NOW + seconds * SECOND
        ticked(host(), job)

    slots = [row["scheduled_for"] for row in rows(database, "SELECT * FROM savctl_runs")]
    assert len(slots) == len(set(slots)) >= 4
