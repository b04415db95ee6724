"""A lease is given up by this host's own clock before another host can have it (rules 10.3)."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from signal import SIGCONT
from typing import Any

import pytest
from sqlalchemy import Engine, event

from savctl.bootstrap import App
from savctl.errors import AlreadyRunning, Unavailable
from savctl.persistence.engine import Database
from savctl.persistence.jobs import leases
from savctl.persistence.jobs.heartbeat import Heartbeat
from savctl.persistence.jobs.lease import Lease, LeaseLost, boot_seconds, renew
from savctl.persistence.jobs.runs import RunStatus
from savctl.persistence.unit_of_work import in_transaction
from savctl.scheduling.job import Context
from savctl.scheduling.runner import Start, run_job
from tests.given import rows, write
from tests.jobs.conftest import MakeApp, a_job
from tests.jobs.sleeping import BootClock
from tests.servers.network.tcp_proxy import TcpProxy

LONGEST = 20.0  # seconds that a test waits for what should come within two


@pytest.fixture
def boot(monkeypatch: pytest.MonkeyPatch) -> BootClock:
    return BootClock(monkeypatch)


def taken(database: Database, seconds: int = 60) -> Lease:
    return database.transaction(lambda c: leases.acquire(c, "job", owner="a:1", seconds=seconds))


def waited_for(happened: Callable[[], bool]) -> bool:
    give_up = time.monotonic() + LONGEST
    while not (has_happened := happened()) and time.monotonic() < give_up:
        time.sleep(0.01)
    return has_happened


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize(("asleep", "is_held"), [(49, True), (51, False), (3_600, False)])
def test_a_host_that_slept_knows_by_itself_whether_it_may_go_on(
    database: Database, boot: BootClock, asleep: int, is_held: bool
) -> None:
    """SIGSTOP, a suspended machine, a frozen disk: no thread of ours saw the time pass."""
    lease = taken(database)

    boot.sleep(asleep)

    assert lease.is_held() is is_held
    with database.reading() as connection:
        holder = leases.find_holder(connection, "job")
    assert holder is not None, "the database's clock did not move: nobody else had it meanwhile"


@pytest.mark.only_on("sqlite")
def test_what_was_given_up_stays_given_up(database: Database, boot: BootClock) -> None:
    lease = taken(database)
    boot.sleep(51)
    assert not lease.is_held()

    lease.sent_at = boot_seconds()

    with pytest.raises(LeaseLost, match="could not be renewed in time and was given up"):
        lease.require_held()


def test_time_that_an_answer_takes_is_taken_off(database: Database, boot: BootClock) -> None:
    """The database counts from when the statement came, which may be long before its answer."""

    def slow(connection: Any) -> Lease:
        lease = leases.acquire(connection, "job", owner="a:1", seconds=60)
        boot.sleep(30)
        return lease

    lease = database.transaction(slow)

    assert lease.seconds_left <= 20


@pytest.mark.only_on("sqlite")
def test_a_commit_renews_the_lease(database: Database, boot: BootClock) -> None:
    """On SQLite the batches of a long job may keep the heartbeat from writing."""
    lease = taken(database)
    boot.sleep(40)

    in_transaction(database, lambda _: None, fence=lease)

    boot.sleep(40)
    assert lease.is_held()


def test_a_commit_writes_the_lease_so_that_a_takeover_on_another_node_collides_with_it(
    database: Database,
) -> None:
    lease = taken(database)
    write(database, "UPDATE savctl_leases SET expires_at = '2000-01-01 00:00:00'")

    in_transaction(database, lambda _: None, fence=lease)

    with database.reading() as connection:
        holder = leases.find_holder(connection, "job")
    assert holder is not None
    assert (holder.owner, holder.token) == ("a:1", lease.token)


@pytest.mark.only_on("sqlite")
def test_a_commit_that_fails_renews_nothing(database: Database, boot: BootClock) -> None:
    lease = taken(database)
    boot.sleep(40)

    def fails(connection: Any) -> None:
        lease.check(connection)
        raise RuntimeError("the commit fails")

    with pytest.raises(RuntimeError):
        database.transaction(fails)

    boot.sleep(20)
    assert not lease.is_held()


@pytest.mark.slow("a lease has to run out")
@pytest.mark.only_on("mariadb")
def test_a_network_that_stands_still_ends_the_work_before_another_host_has_it(
    make_app: MakeApp, database: Database
) -> None:
    with TcpProxy(int(database.url.port or 0)) as network:
        cut_off = make_app(owner="cut-off:1", lease_seconds=4)
        through = Database(network.through(database.url.render_as_string(hide_password=False)))
        cut_off.__dict__.update(raw_database=through, database=through)
        held: list[bool] = []

        def works(context: Context) -> None:
            network.hold()
            assert waited_for(context.terms.should_stop), "it never gave up"
            with suppress(AlreadyRunning):
                run_job(a_job(), make_app(owner="other:2"), Start())
                held.append(False)
            network.release()

        with pytest.raises(LeaseLost):
            run_job(a_job(works), cut_off, Start())
        through.close()

    assert held == [], "another host had the job before this one had given it up"
    run_job(a_job(), make_app(owner="other:2"), Start())


@contextmanager
def frozen_disk(thread: str) -> Iterator[None]:
    """Statements of a thread do not come back, as on a disk that hangs; no timeout ends them."""
    thaws = threading.Event()

    def wait(*_: object) -> None:
        if threading.current_thread().name == thread:
            thaws.wait(LONGEST)

    event.listen(Engine, "before_cursor_execute", wait)
    try:
        yield
    finally:
        thaws.set()
        event.remove(Engine, "before_cursor_execute", wait)


@pytest.mark.slow("a lease has to run out")
@pytest.mark.only_on("sqlite")
def test_a_heartbeat_that_hangs_on_a_frozen_disk_ends_the_work(make_app: MakeApp) -> None:
    app = make_app(lease_seconds=2)

    def works(context: Context) -> None:
        assert waited_for(context.terms.should_stop), "it never gave up"

    with frozen_disk("heartbeat"), pytest.raises(LeaseLost):
        run_job(a_job(works), app, Start())

    [run] = rows(app.database, "SELECT status FROM savctl_runs")
    assert run["status"] == RunStatus.INTERRUPTED  # nobody had taken it: its slot goes on
    run_job(a_job(), app, Start())


@pytest.mark.only_on("sqlite")
def test_a_heartbeat_that_dies_says_so_and_gives_the_lease_up(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def dies(*_: object) -> bool:
        raise RuntimeError("out of threads")

    monkeypatch.setattr("savctl.persistence.jobs.heartbeat.renew", dies)
    lease = taken(database, seconds=1)

    with Heartbeat(database, lease):
        assert lease.lost.wait(LONGEST)

    with pytest.raises(LeaseLost, match="lost its heartbeat"):
        lease.require_held()
    [logged] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert logged.getMessage() == "The heartbeat of job died; its lease is given up."
    assert logged.exc_info is not None


@pytest.mark.only_on("sqlite")
def test_a_lease_that_cannot_be_renewed_is_reported_once_and_then_renewed_all_the_same(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A job in one long step: nobody took the lease, so its end counts."""
    is_away, renewed, real = threading.Event(), threading.Event(), renew
    is_away.set()

    def renews(*given: Any) -> bool:
        if is_away.is_set():
            raise Unavailable("the database does not answer")
        renewed.set()
        return real(*given)

    monkeypatch.setattr("savctl.persistence.jobs.heartbeat.renew", renews)
    lease = taken(database, seconds=1)
    with Heartbeat(database, lease):
        assert waited_for(lambda: bool(caplog.records))
        time.sleep(0.3)
        is_away.clear()
        assert renewed.wait(LONGEST)
        assert waited_for(lambda: lease.seconds_left > 0)
        assert lease.is_held()

    assert ["cannot be renewed" in record.getMessage() for record in caplog.records] == [True]


PAUSED = """
import os, signal, sys
from dataclasses import replace
from savctl.scheduling.job import find_job
from savctl.scheduling.runner import Start, run_job
from savctl.bootstrap import App
from savctl.config import load
from savctl.errors import SavError
from savctl.usecases.bucket import purging_objects

real = purging_objects._purge

def paused(*given):
    os.kill(os.getpid(), signal.SIGSTOP)
    return real(*given)

purging_objects._purge = paused
app = App(replace(load(dict(os.environ)), lease_seconds=1))
try:
    run_job(find_job("attachment-purge"), app, Start())
except SavError as problem:
    print(problem.message, file=sys.stderr)
    sys.exit(int(problem.exit_code))
"""


@pytest.mark.slow("starts a process to stop")
@pytest.mark.only_on("sqlite")
def test_a_process_that_was_stopped_between_two_commits_touches_the_bucket_no_more(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    app = App(stopped_settings(database_url, tmp_path))
    store = app.store
    key = "tickets/1/11111111111111111111111111111111.png"
    hidden_and_due(database, store, key)

    with paused_process(stopped_environment(database_url, tmp_path)) as sleeper:
        assert waited_for(lambda: is_stopped(sleeper.pid)), "it never came to its purge"
        assert waited_for(lambda: is_free(database)), "its lease never ran out"
        sleeper.send_signal(SIGCONT)
        _, error_text = sleeper.communicate(timeout=LONGEST)

    assert (sleeper.returncode, store.remains(key)) == (8, 2), error_text
    assert "attachment-purge" in error_text
    app.close()


@contextmanager
def paused_process(environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", PAUSED], env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def stopped_environment(database_url: str, folder: Path) -> dict[str, str]:
    return {
        "SAVCTL_DATABASE_URL": database_url,
        "SAVCTL_STORAGE_URL": f"file://{folder}/bucket",
        "HOME": str(folder),
    }


def stopped_settings(database_url: str, folder: Path) -> Any:
    from savctl.config import load

    return load(stopped_environment(database_url, folder))


def hidden_and_due(database: Database, store: Any, key: str) -> None:
    """An orphan that was hidden a month ago: an object with a marker, and an intent."""
    from datetime import UTC, datetime, timedelta
    from io import BytesIO

    from savctl.persistence.files.purge_queue import PurgeReason, PurgeRequest, Purges

    store.put(key, BytesIO(b"content"), size_bytes=7, content_type="image/png")
    store.hide([key])
    then = datetime.now(UTC) - timedelta(days=31)
    doomed = PurgeRequest(key=key, reason=PurgeReason.ORPHAN, due_at=then, hidden_at=then)
    database.transaction(lambda c: Purges(c).want([doomed], at=then))


def is_stopped(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    assert state != "Z", "it ended"
    return state == "T"


def is_free(database: Database) -> bool:
    """Whether another host takes the lease; it does what that one does not do."""
    with suppress(AlreadyRunning):
        database.transaction(
            lambda c: leases.acquire(c, "attachment-purge", owner="other:2", seconds=60)
        )
        return True
    return False
