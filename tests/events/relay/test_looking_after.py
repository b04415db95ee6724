"""Looking after the outbox: old events go, dead ones go again, published ones are sent again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from savctl.persistence.engine import Database
from savctl.persistence.events import event_reads, outbox_queue
from savctl.ports import BrokerUnavailable, SetClock
from savctl.usecases.events import outbox
from savctl.usecases.events.outbox import (
    EventSpan,
    delete_old_events,
    replay_events,
    retry_dead_events,
)
from savctl.usecases.operation import Operation
from tests.events.backlog import put
from tests.events.broker.fake_broker import FakeBroker
from tests.given import rows, write

KEEP = timedelta(days=30)
JUST_OVER, JUST_UNDER = (
    "2025-09-03 10:29:59.000000",
    "2025-09-03 10:30:00.000000",
)  # 30 days before NOW


def ids(database: Database, where: str = "1 = 1") -> list[int]:
    found = rows(database, f"SELECT id FROM savctl_outbox WHERE {where} ORDER BY id")
    return [row["id"] for row in found]


def mark(database: Database, column: str, at: str, *numbers: int) -> None:
    listed = ", ".join(map(str, numbers))
    write(database, f"UPDATE savctl_outbox SET {column} = '{at}' WHERE id IN ({listed})")


def test_what_was_sent_or_skipped_long_ago_is_removed_and_nothing_else(
    database: Database, clock: SetClock
) -> None:
    put(database, range(7))
    mark(database, "published_at", JUST_OVER, 1, 2)
    mark(database, "published_at", JUST_UNDER, 3)
    mark(database, "skipped_at", JUST_OVER, 4)
    mark(database, "skipped_at", JUST_UNDER, 5)
    mark(database, "dead_at", JUST_OVER, 6)  # 7 waits: however old, both stay

    removed = delete_old_events(database, clock, keep=KEEP)

    assert (removed, ids(database)) == (3, [3, 5, 6, 7])


def test_old_events_are_removed_in_batches_between_which_it_may_be_stopped(
    database: Database, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(database, range(10))
    mark(database, "published_at", JUST_OVER, *range(1, 11))
    monkeypatch.setattr(outbox, "_PAGE", 3)
    answers = iter([False, False, True])

    removed = delete_old_events(
        database, clock, keep=KEEP, should_stop=lambda: next(answers, True)
    )
    left = len(ids(database))
    rest = delete_old_events(database, clock, keep=KEEP)

    assert (removed, left, rest, ids(database)) == (6, 4, 4, [])


@pytest.mark.only_on("mariadb", "mysql")
def test_old_events_and_those_that_wait_are_found_by_the_index_however_many_stay(
    database: Database, clock: SetClock
) -> None:
    put(database, [1])
    mark(database, "published_at", "2025-10-01 00:00:00.000000", 1)
    columns = "event, routing_key, ticket_id, envelope, occurred_at, published_at"
    for _ in range(11):  # doubled, not updated: what was waiting a moment ago is still counted
        write(
            database,
            f"INSERT INTO savctl_outbox (event_id, {columns})"
            f" SELECT UUID(), {columns} FROM savctl_outbox",
        )
    write(database, "ANALYZE TABLE savctl_outbox")
    looked_at = "SHOW SESSION STATUS LIKE 'Handler_read%%'"

    with database.engine.begin() as connection:
        connection.exec_driver_sql("FLUSH STATUS")
        outbox_queue.delete_published(connection, before=clock() - KEEP, limit=1_000)
        outbox_queue.counts(connection, now=clock())
        outbox_queue.held_tickets(connection, now=clock())
        outbox_queue.waiting_page(connection, after_id=0, limit=1_000, now=clock())
        outbox_queue.dead_ids(connection, after_id=0, limit=1_000)
        for only in ("waiting_only", "dead_only"):
            event_reads.list_events(connection, limit=51, **{only: True})
        seen = connection.exec_driver_sql(looked_at).all()

    assert sum(int(count) for _, count in seen) < 100


def test_all_dead_events_go_again_in_batches_and_the_audit_names_each(
    database: Database, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(database, range(7))
    mark(database, "dead_at", JUST_UNDER, 1, 2, 3, 5, 7)
    monkeypatch.setattr(outbox, "_PAGE", 2)

    tried = list(retry_dead_events(Operation(database, clock, actor=5, dry_run=True)))
    still_dead = ids(database, "dead_at IS NOT NULL")
    done = list(retry_dead_events(Operation(database, clock, actor=5)))

    assert tried == still_dead == done == [1, 2, 3, 5, 7]
    assert ids(database, "dead_at IS NULL AND attempts = 0") == list(range(1, 8))
    audited = rows(database, "SELECT actor FROM savctl_audit WHERE action = 'event_retry'")
    assert [row["actor"] for row in audited] == [5, 5, 5]


@pytest.fixture
def replayed(
    database: Database, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., outbox.Replayed]:
    """Replay seven events of two tickets, two to a page."""
    put(database, [1, 2, 1, 2, 1, 2, 1])
    write(database, "UPDATE savctl_outbox SET published_at = '2025-10-03 10:30:00'")
    monkeypatch.setattr(outbox, "_PAGE", 2)

    def replay(broker: FakeBroker, *, stop_after: int = 100) -> outbox.Replayed:
        answers = iter([False] * stop_after)
        return replay_events(
            Operation(database, clock, actor=5),
            broker,
            EventSpan(since=clock() - KEEP),
            should_stop=lambda: next(answers, True),
        )

    return replay


@pytest.fixture
def fake() -> FakeBroker:
    broker = FakeBroker()
    broker.declare()
    return broker


def test_a_replay_keeps_the_order_and_marks_each(
    fake: FakeBroker, replayed: Callable[..., outbox.Replayed]
) -> None:
    done = replayed(fake)

    assert (done.sent, done.refused, done.is_stopped) == (7, 0, False)
    assert [event.id for event in fake.arrived] == list(range(1, 8))
    assert all(event.is_replay for event in fake.arrived)


def test_a_replay_stops_between_pages_and_the_audit_tells_how_far_it_came(
    database: Database, fake: FakeBroker, replayed: Callable[..., outbox.Replayed]
) -> None:
    done = replayed(fake, stop_after=4)

    assert done.is_stopped
    assert 0 < done.sent == len(fake.arrived) < 7
    [noted] = rows(database, "SELECT entry FROM savctl_audit WHERE action = 'event_replay'")
    assert f'"sent": {done.sent}' in noted["entry"]


def test_a_replay_whose_line_breaks_says_how_many_went(
    fake: FakeBroker, replayed: Callable[..., outbox.Replayed]
) -> None:
    fake.confirms_left = 4

    with pytest.raises(BrokerUnavailable, match="4 events sent before") as raised:
        replayed(fake)

    assert "same message_id" in str(raised.value.hint)
