"""The job `event-relay`: what it foretells, what it reports, what a relay that stays does."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from jobs import event_relay
from savctl.bootstrap import App
from savctl.config import load
from savctl.domain.clock import FAR_AWAY
from savctl.persistence.engine import Database
from savctl.persistence.jobs.runs import RunStatus
from savctl.ports import SetClock
from savctl.scheduling.runner import JobReport, Start, run_job
from tests.events.backlog import put, waiting
from tests.events.broker.fake_broker import FakeBroker
from tests.given import rows, write

Run = Callable[..., JobReport]
LONG_AGO = "2025-08-01 00:00:00"


@pytest.fixture
def fake() -> FakeBroker:
    broker = FakeBroker()
    broker.declare()
    return broker


@pytest.fixture
def run(database: Database, database_url: str, clock: SetClock, fake: FakeBroker) -> Run:
    """Run the job with the broker in memory."""

    def go(*, broker: FakeBroker | None = fake, **start: Any) -> JobReport:
        app = App(load({"SAVCTL_DATABASE_URL": database_url, "HOME": "."}), clock)
        app.__dict__.update(raw_database=database, database=database, broker=broker)
        return run_job(event_relay.JOB, app, Start(**start))

    return go


def reported(report: JobReport) -> list[tuple[str, str | None]]:
    return [(str(item.outcome), item.reason) for item in report.done.items]


def when(happened: Callable[[], object], *, calls: int = 200) -> Callable[[], bool]:
    """A stop that is asked for as soon as something has happened; it must, before long."""
    left = iter(range(calls))

    def should_stop() -> bool:
        assert next(left, None) is not None, "it did not happen"
        return bool(happened())

    return should_stop


def test_a_dry_run_foretells_what_is_sent_held_and_removed_and_does_nothing(
    database: Database, run: Run, fake: FakeBroker
) -> None:
    put(database, [1, 1, 2, 2, 3, 4])
    write(database, f"UPDATE savctl_outbox SET published_at = '{LONG_AGO}' WHERE id = 6")
    write(database, f"UPDATE savctl_outbox SET dead_at = '{LONG_AGO}' WHERE id = 1")
    write(database, "UPDATE savctl_outbox SET available_at = '2025-10-03 11:00:00' WHERE id = 3")

    foretold = run(dry_run=True)

    assert reported(foretold) == [
        ("changed", "1 to be sent"),
        ("skipped", "3 held back behind a refused event"),
        ("changed", "1 to be removed: sent or skipped more than 30 days ago"),
    ]
    counts = (foretold.done.seen, foretold.done.changed, foretold.done.skipped)
    assert counts == (4, 1, 3)
    assert (fake.arrived, len(rows(database, "SELECT id FROM savctl_outbox"))) == ([], 6)
    real = run()
    assert (real.done.changed, [event.id for event in fake.arrived]) == (1, [5])
    assert len(rows(database, "SELECT id FROM savctl_outbox")) == 5


def test_without_a_broker_events_wait_and_a_dry_run_says_why(database: Database, run: Run) -> None:
    put(database, [1, 2])

    foretold, real = run(broker=None, dry_run=True), run(broker=None)

    assert reported(foretold) == reported(real) == [("skipped", "2 no broker is configured")]
    assert foretold.done.counts() == real.done.counts()
    assert (real.status, real.done.changed, waiting(database)) == (RunStatus.OK, 0, 2)


def test_refusals_are_counted_by_event_and_the_dead_make_the_run_partly_done(
    database: Database, run: Run, fake: FakeBroker
) -> None:
    put(database, [1, 2, 3, 3])
    write(database, "UPDATE savctl_outbox SET attempts = 99 WHERE id = 1")
    fake.has_queue = False

    report = run()

    assert reported(report) == [
        ("skipped", "2 refused, tried again: unroutable"),
        ("failed", "1 set aside as dead: unroutable"),
        ("skipped", "1 held back behind a refused event"),
    ]
    assert (report.done.seen, report.done.skipped, report.done.failed) == (4, 3, 1)
    assert report.status is RunStatus.PARTLY


def test_a_relay_that_stays_sends_what_comes_later(
    database: Database, run: Run, fake: FakeBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(database, [1])
    later = iter([2, 3])

    def come(_: object, __: object) -> None:
        if (number := next(later, None)) is not None:
            put(database, [number], first=number)

    monkeypatch.setattr(event_relay, "_sleep", come)

    report = run(run_until=FAR_AWAY, should_stop=when(lambda: len(fake.arrived) == 3))

    assert (report.done.changed, [event.id for event in fake.arrived]) == (3, [1, 2, 3])


def test_each_kind_that_is_refused_is_reported_once_however_they_take_turns(
    database: Database,
    clock: SetClock,
    run: Run,
    fake: FakeBroker,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    put(database, [1, 2])
    write(database, "UPDATE savctl_outbox SET routing_key = 'elsewhere' WHERE id = 1")
    write(database, "UPDATE savctl_outbox SET available_at = '2025-10-03 10:31:00' WHERE id = 2")
    fake.full = {"sav.ticket.status_changed"}
    monkeypatch.setattr(event_relay, "_sleep", lambda *_: clock.advance(timedelta(seconds=30)))

    def both_were_tried_often() -> bool:
        return len(rows(database, "SELECT id FROM savctl_outbox WHERE attempts > 3")) == 2

    with caplog.at_level(logging.WARNING, logger="savctl"):
        run(run_until=FAR_AWAY, should_stop=when(both_were_tried_often))

    assert [record.message for record in caplog.records] == [
        "The broker fake refuses events: unroutable",
        "The broker fake refuses events: refused",
    ]


def test_the_end_of_refusals_is_reported_when_none_is_left_that_waits_for_its_next_try(
    database: Database,
    clock: SetClock,
    run: Run,
    fake: FakeBroker,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    put(database, [1])
    fake.full = {"sav.ticket.status_changed"}
    others = iter(range(1_000, 1_020))

    def one_of_another_kind_comes(*_: object) -> None:
        if (number := next(others, None)) is None:
            fake.full.clear()
            clock.advance(timedelta(hours=1))
        else:
            put(database, [number], first=number)
            created = "routing_key = 'sav.ticket.created'"
            write(database, f"UPDATE savctl_outbox SET {created} WHERE id = {number}")
            clock.advance(timedelta(seconds=3))

    monkeypatch.setattr(event_relay, "_sleep", one_of_another_kind_comes)
    with caplog.at_level(logging.WARNING, logger="savctl"):
        run(run_until=FAR_AWAY, should_stop=when(lambda: len(fake.arrived) == 21))

    assert [record.message for record in caplog.records] == [
        "The broker fake refuses events: refused",
        "Events are sent again.",
    ]


def test_a_relay_that_stays_tells_each_reason_once_however_often_it_tried(
    database: Database,
    clock: SetClock,
    run: Run,
    fake: FakeBroker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put(database, [1])
    fake.has_queue = False
    monkeypatch.setattr(event_relay, "_sleep", lambda *_: clock.advance(timedelta(hours=1)))

    def is_tried_thrice() -> bool:
        return bool(rows(database, "SELECT id FROM savctl_outbox WHERE attempts = 3"))

    report = run(run_until=FAR_AWAY, should_stop=when(is_tried_thrice))

    assert reported(report) == [("skipped", "3 refused, tried again: unroutable")]


def test_a_relay_that_stays_for_long_removes_old_events_as_well(
    database: Database, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(database, [1, 2])
    write(database, f"UPDATE savctl_outbox SET published_at = '{LONG_AGO}' WHERE id = 1")
    monkeypatch.setattr(event_relay, "_sleep", lambda *_: None)
    monkeypatch.setattr(event_relay, "_CLEAN_EVERY_SECONDS", -1.0)

    def is_removed() -> bool:
        return not rows(database, "SELECT id FROM savctl_outbox WHERE id = 1")

    report = run(run_until=FAR_AWAY, should_stop=when(is_removed))

    assert ("changed", "1 removed: sent or skipped more than 30 days ago") in reported(report)


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ("is_up", "the fake broker is down. Events wait."),
        ("has_queue", "The broker fake refuses events: unroutable"),
    ],
)
def test_trouble_is_reported_once_and_so_is_its_end(
    database: Database,
    clock: SetClock,
    run: Run,
    fake: FakeBroker,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    trouble: str,
    words: str,
) -> None:
    put(database, range(150))
    setattr(fake, trouble, False)
    passes = iter(range(4))

    def mend_in_the_end(_: object, wait: object) -> None:
        clock.at += wait  # type: ignore[operator]
        if next(passes, None) is None:
            setattr(fake, trouble, True)

    monkeypatch.setattr(event_relay, "_sleep", mend_in_the_end)
    monkeypatch.setattr(event_relay, "pause", lambda *_, **__: 2 * event_relay._LOOK_EVERY)
    with caplog.at_level(logging.WARNING, logger="savctl"):
        run(run_until=FAR_AWAY, should_stop=when(lambda: len(fake.arrived) == 150))

    logged = [record.message for record in caplog.records if record.levelno >= logging.WARNING]
    assert logged == [words, "Events are sent again."]
