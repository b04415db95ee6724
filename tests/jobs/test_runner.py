"""The one way a job runs: lease, run row, heartbeat, ending (rules 10)."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from savctl.bootstrap import App
from savctl.domain.model.states import Status
from savctl.errors import AlreadyRunning, NeedsConfirmation, NotFound, Unavailable
from savctl.persistence.engine import Database
from savctl.persistence.jobs import leases, runs
from savctl.persistence.jobs.lease import LeaseLost
from savctl.persistence.jobs.running import SlotTaken
from savctl.persistence.jobs.runs import Run, RunStatus, StartedBy
from savctl.ports import SetClock
from savctl.scheduling.job import Context, find_job
from savctl.scheduling.runner import Start, run_job
from savctl.usecases.batch.report import Item, ItemOutcome
from tests.given import DAY, brought_to, rows, snapshot, write
from tests.jobs.conftest import MakeApp, a_job

SLOT = datetime(2025, 10, 3, 10, 30, tzinfo=UTC)
HELD = Item(2, "TKT-2", ItemOutcome.SKIPPED, "held: customer replied")
BROKEN = Item(3, "TKT-3", ItemOutcome.FAILED, "spoilt")


def last(app: App, job: str = "test-job") -> Run:
    with app.database.reading() as connection:
        run = runs.last_run(connection, job)
    assert run is not None
    return run


def run_out(app: App) -> None:
    """What the passing of time does to the lease of a dead host."""
    write(app.database, "UPDATE savctl_leases SET expires_at = '2000-01-01 00:00:00'")


def works(*items: Item, seen: int = 3) -> Any:
    return lambda context: context.terms.report.add(items, seen=seen)


def test_a_run_leaves_a_row_with_all_there_is_to_tell(make_app: MakeApp, clock: SetClock) -> None:
    app = make_app(owner="web-1:4711")

    def work(context: Context) -> None:
        clock.advance(DAY)
        works(HELD)(context)

    report = run_job(a_job(work), app, Start(by=StartedBy.CRON, slot=SLOT))

    run = last(app)
    assert (run.id, run.job, run.host) == (report.run_id, "test-job", "web-1")
    assert (run.status, run.started_by, run.scheduled_for) == (RunStatus.OK, "cron", SLOT)
    assert run.finished_at is not None
    assert run.finished_at - run.started_at == DAY
    assert (run.seen, run.changed, run.skipped, run.failed, run.left) == (3, 0, 1, 0, 0)
    with app.database.reading() as connection:
        assert runs.report(connection, run.id) == report.as_json()


def test_a_report_has_exactly_the_documented_keys(app: App) -> None:
    shown = run_job(a_job(works(HELD)), app, Start()).as_json()

    assert list(shown) == [
        *("job", "run_id", "dry_run", "started_at", "finished_at"),
        *("seen", "changed", "skipped", "failed", "left", "items"),
    ]
    assert shown["started_at"] == "2025-10-03T10:30:00Z"


def test_a_dry_run_leaves_no_trace(app: App) -> None:
    before = snapshot(app.database)

    report = run_job(a_job(works(HELD)), app, Start(dry_run=True))

    assert snapshot(app.database) == before
    assert (report.run_id, report.dry_run) == (None, True)


def test_the_second_to_start_learns_who_runs_the_job(make_app: MakeApp) -> None:
    first, second = make_app(owner="a:1"), make_app(owner="b:2")
    refused: list[str] = []

    def work(_: Context) -> None:
        with pytest.raises(AlreadyRunning) as refusal:
            run_job(a_job(), second, Start())
        refused.append(refusal.value.message)

    run_job(a_job(work), first, Start())

    assert refused == ["test-job is running already by a:1"]
    assert len(rows(first.database, "SELECT id FROM savctl_runs")) == 1


def test_a_dry_run_does_not_wait_for_a_real_one(make_app: MakeApp) -> None:
    def work(_: Context) -> None:
        assert run_job(a_job(), make_app(owner="b:2"), Start(dry_run=True)).dry_run

    run_job(a_job(work), make_app(owner="a:1"), Start())


def test_two_jobs_run_beside_each_other(make_app: MakeApp) -> None:
    def work(_: Context) -> None:
        run_job(a_job(name="other-job"), make_app(owner="b:2"), Start())

    run_job(a_job(work), make_app(owner="a:1"), Start())


def test_a_dead_hosts_job_is_free_when_its_lease_has_run_out(make_app: MakeApp) -> None:
    dead, living = make_app(owner="dead:1"), make_app(owner="living:2")
    dies(dead)
    assert last(living).status is RunStatus.RUNNING
    run_out(living)
    assert last(living).status is RunStatus.ABANDONED

    report = run_job(a_job(), living, Start())

    with living.database.reading() as connection:
        old, new = sorted(runs.history(connection, "test-job"), key=lambda run: run.id)
    assert (old.status, new.status) == (RunStatus.ABANDONED, RunStatus.OK)
    assert old.finished_at is not None
    assert new.id == report.run_id


def dies(app: App, slot: datetime | None = None) -> None:
    """A run whose process is killed: lease and row are there, nobody ends them."""
    from savctl.persistence.jobs.running import Beginning, begin

    beginning = Beginning(
        job="test-job", owner=app.owner, host="h", seconds=60, clock=app.clock, slot=slot
    )
    app.database.transaction(lambda c: begin(c, beginning))


def test_a_slot_is_run_once_over_all_hosts(make_app: MakeApp) -> None:
    run_job(a_job(), make_app(owner="a:1"), Start(slot=SLOT))

    with pytest.raises(SlotTaken):
        run_job(a_job(), make_app(owner="b:2"), Start(slot=SLOT))

    app = make_app()
    assert len(rows(app.database, "SELECT id FROM savctl_runs")) == 1
    run_job(a_job(), app, Start(slot=SLOT.replace(minute=45)))  # the lease was not kept


def test_a_slot_that_failed_or_was_braked_is_over_too(app: App) -> None:
    def fails(_: Context) -> None:
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError):
        run_job(a_job(fails), app, Start(slot=SLOT))

    with pytest.raises(SlotTaken):
        run_job(a_job(), app, Start(slot=SLOT))


def test_a_slot_whose_run_died_is_continued_in_its_row(make_app: MakeApp) -> None:
    app = make_app()
    dies(make_app(owner="dead:1"), slot=SLOT)
    run_out(app)

    run_job(a_job(works(HELD)), app, Start(slot=SLOT))

    stored = rows(app.database, "SELECT attempt, status, seen FROM savctl_runs")
    assert stored == [{"attempt": 2, "status": "ok", "seen": 3}]


def test_the_counts_of_an_interrupted_slot_add_up(app: App) -> None:
    def half(context: Context) -> None:
        context.terms.report.add([BROKEN], seen=2)
        context.terms.report.left = 1

    run_job(a_job(half), app, Start(slot=SLOT, should_stop=lambda: True))
    assert last(app).status is RunStatus.INTERRUPTED
    assert last(app).left == 1

    run_job(a_job(works(HELD, seen=1)), app, Start(slot=SLOT))

    run = last(app)
    assert (run.attempt, run.seen, run.skipped, run.failed, run.left) == (2, 3, 1, 1, 0)


def test_a_run_by_hand_takes_no_slot(app: App) -> None:
    run_job(a_job(), app, Start())
    run_job(a_job(), app, Start())

    run_job(a_job(), app, Start(slot=SLOT))


def test_failed_items_make_the_outcome_partly(app: App) -> None:
    run_job(a_job(works(BROKEN)), app, Start())

    assert last(app).status is RunStatus.PARTLY


def test_a_bug_is_written_down_with_its_traceback_and_frees_the_job(app: App) -> None:
    def fails(context: Context) -> None:
        works(HELD)(context)
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError):
        run_job(a_job(fails), app, Start())

    run = last(app)
    assert (run.status, run.seen) == (RunStatus.FAILED, 3)
    assert "RuntimeError: a bug" in str(run.error)
    assert "Traceback" in str(run.error)
    run_job(a_job(), app, Start())


def test_a_lost_database_leaves_the_slot_to_a_later_attempt(app: App) -> None:
    def gone(_: Context) -> None:
        raise Unavailable("the database was lost")

    with pytest.raises(Unavailable):
        run_job(a_job(gone), app, Start(slot=SLOT))

    assert (last(app).status, last(app).error) == (RunStatus.INTERRUPTED, "the database was lost")
    run_job(a_job(), app, Start(slot=SLOT))
    assert last(app).status is RunStatus.OK


def test_who_was_overtaken_cannot_write_any_more(make_app: MakeApp, clock: SetClock) -> None:
    """A host that slept longer than its lease wakes up in the middle of its batch."""
    slow, quick = make_app(owner="slow:1"), make_app(owner="quick:2")
    brought_to(slow.database, clock, Status.RESOLVED)
    brought_to(slow.database, clock, Status.RESOLVED)
    clock.advance(DAY)
    close = find_job("close-resolved")

    def sleeps(context: Context) -> None:
        run_out(slow)
        run_job(close, quick, Start())
        write(slow.database, "UPDATE support_tickets SET status = 'resolved' WHERE id = 1")
        close.run(context)  # a late batch of its own

    with pytest.raises(LeaseLost):
        run_job(a_job(sleeps, name="close-resolved"), slow, Start())

    first, second = rows(slow.database, "SELECT status FROM savctl_runs ORDER BY id")
    assert (first["status"], second["status"]) == ("abandoned", "ok")
    closings = "SELECT id FROM savctl_audit WHERE run_id IS NOT NULL"
    assert len(rows(slow.database, closings)) == 2
    assert rows(slow.database, "SELECT status FROM support_tickets WHERE id = 1") == [
        {"status": "resolved"}
    ]


@pytest.mark.slow("outlives a lease")
def test_the_heartbeat_keeps_a_long_job(make_app: MakeApp) -> None:
    app, other = make_app(owner="a:1", lease_seconds=1), make_app(owner="b:2")

    def long(_: Context) -> None:
        for _beat in range(5):
            time.sleep(0.5)
            with pytest.raises(AlreadyRunning):
                run_job(a_job(), other, Start())

    run_job(a_job(long), app, Start())

    assert last(app).status is RunStatus.OK


def test_a_run_whose_heartbeat_found_the_lease_gone_is_no_success(make_app: MakeApp) -> None:
    app = make_app(lease_seconds=1)

    def work(context: Context) -> None:
        app.database.transaction(lambda c: leases.force_release(c, "test-job"))
        give_up = time.monotonic() + 5
        while not context.terms.should_stop() and time.monotonic() < give_up:
            time.sleep(0.05)

    with pytest.raises(LeaseLost):
        run_job(a_job(work), app, Start())

    assert last(app).status is RunStatus.ABANDONED


def test_a_brake_is_written_down_and_changes_nothing(make_app: MakeApp, clock: SetClock) -> None:
    app = make_app(closing_brake=2)
    for _ in range(3):
        brought_to(app.database, clock, Status.RESOLVED)
    clock.advance(DAY)
    close = find_job("close-resolved")

    with pytest.raises(NeedsConfirmation):
        run_job(close, app, Start(slot=SLOT))

    run = last(app, "close-resolved")
    assert (run.status, run.changed) == (RunStatus.BRAKED, 0)
    assert "would close 3 tickets in one run, more than 2" in str(run.error)
    done = run_job(close, app, Start(is_confirmed=True)).done
    assert done.changed == 3


def test_the_settings_decide_when_a_job_closes(make_app: MakeApp, clock: SetClock) -> None:
    app = make_app(auto_close_after=2 * DAY, batch_size=1)
    for _ in range(2):
        brought_to(app.database, clock, Status.WAITING_CUSTOMER)
    clock.advance(2 * DAY)

    assert run_job(find_job("auto-close"), app, Start()).done.changed == 2


def test_closings_are_audited_under_their_run(app: App, clock: SetClock) -> None:
    brought_to(app.database, clock, Status.RESOLVED)
    clock.advance(DAY)

    report = run_job(find_job("close-resolved"), app, Start())

    audited = rows(app.database, "SELECT run_id, actor FROM savctl_audit ORDER BY id DESC LIMIT 1")
    assert audited == [{"run_id": report.run_id, "actor": None}]


def test_an_unknown_job_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(NotFound) as unknown:
        find_job("autoclose")

    assert unknown.value.hint == "Did you mean 'auto-close'?"


def test_history_is_newest_first_and_bounded(database: Database, app: App) -> None:
    for _ in range(3):
        run_job(a_job(), app, Start())

    with database.reading() as connection:
        found = runs.history(connection, "test-job", limit=2)
    assert [run.id for run in found] == [3, 2]


def test_old_runs_that_had_nothing_to_do_are_forgotten_and_all_others_stay(
    make_app: MakeApp, clock: SetClock
) -> None:
    app = make_app()
    dull = run_job(a_job(works(seen=0)), app, Start())
    telling = run_job(a_job(works(HELD)), app, Start())

    clock.advance(8 * DAY)
    newest = run_job(a_job(works(seen=0)), app, Start())

    with app.database.reading() as connection:
        kept = [run.id for run in runs.history(connection, "test-job")]
    assert kept == [newest.run_id, telling.run_id]
    assert dull.run_id not in kept
