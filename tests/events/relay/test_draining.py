"""One drain of the outbox, on a broker in memory: what goes, what waits, what is marked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from savctl.domain.events.publish_window import BrokerVerdict, OutboxEvent
from savctl.persistence.engine import Database
from savctl.persistence.events import outbox_queue
from savctl.ports import BrokerUnavailable, SetClock
from savctl.usecases.events import relaying
from savctl.usecases.events.outbox import skip_event
from savctl.usecases.events.relaying import RelayOptions, RelayReport, drain
from savctl.usecases.operation import Operation
from tests.events.backlog import put
from tests.events.broker.fake_broker import FakeBroker
from tests.given import rows, write

Drain = Callable[..., RelayReport]


@pytest.fixture
def fake() -> FakeBroker:
    broker = FakeBroker()
    broker.declare()
    return broker


@pytest.fixture
def drained(database: Database, clock: SetClock, fake: FakeBroker) -> Drain:
    def run(**terms: Any) -> RelayReport:
        report = RelayReport()
        drain(database, fake, clock, terms=RelayOptions(draw=lambda: 0.0, **terms), report=report)
        return report

    return run


def arrived(fake: FakeBroker) -> list[int]:
    return [event.id for event in fake.arrived]


def published(database: Database) -> list[int]:
    found = rows(database, "SELECT id FROM savctl_outbox WHERE published_at IS NOT NULL")
    return sorted(row["id"] for row in found)


def test_what_waits_is_sent_and_marked(
    database: Database, drained: Drain, fake: FakeBroker
) -> None:
    put(database, [7, 8, 7])

    report = drained()

    assert (report.published, arrived(fake), published(database)) == (3, [1, 2, 3], [1, 2, 3])


def test_no_line_is_opened_when_nothing_may_go(
    database: Database, drained: Drain, fake: FakeBroker
) -> None:
    put(database, [7, 7])
    write(database, "UPDATE savctl_outbox SET dead_at = '2025-10-01 00:00:00' WHERE id = 1")

    report = drained()

    assert (report.held, fake.connections) == (1, 0)


def test_a_line_that_breaks_between_arrival_and_confirm_loses_nothing(
    database: Database, drained: Drain, fake: FakeBroker
) -> None:
    put(database, [7, 8, 7, 8])
    fake.confirms_left = 2

    with pytest.raises(BrokerUnavailable):
        drained()
    after_the_break = published(database)
    fake.confirms_left = 100
    drained()

    assert after_the_break == [1, 2]
    assert arrived(fake) == [1, 2, 3, 3, 4]  # 3 arrived twice, under one message_id
    assert len({event.event_id for event in fake.arrived}) == 4
    assert published(database) == [1, 2, 3, 4]


@pytest.mark.parametrize("others", [2, 5])
def test_an_event_committed_late_goes_before_its_tickets_later_ones(
    database: Database,
    drained: Drain,
    fake: FakeBroker,
    monkeypatch: pytest.MonkeyPatch,
    others: int,
) -> None:
    """Ids are given out when a row is written, and seen when it is committed."""
    put(database, range(100, 100 + others), first=2)
    late_comer = 1
    read = outbox_queue.waiting_page

    def meanwhile(*given: Any, **named: Any) -> list[OutboxEvent]:
        page = read(*given, **named)
        if page and named["after_id"] == 0 and late_comer not in arrived_or_there(database):
            put(database, [7], first=late_comer)
            put(database, [7, 8], first=50)
        return page

    monkeypatch.setattr(relaying, "_PAGE", others)
    monkeypatch.setattr(outbox_queue, "waiting_page", meanwhile)
    drained()

    of_the_ticket = [event.id for event in fake.arrived if event.ticket_id == 7]
    assert of_the_ticket == [late_comer, 50]
    assert len(fake.arrived) == others + 3


def arrived_or_there(database: Database) -> Sequence[int]:
    return [row["id"] for row in rows(database, "SELECT id FROM savctl_outbox")]


@pytest.mark.parametrize("state", ["no queue is bound", "the queue is full"])
def test_a_broker_that_takes_nothing_does_not_use_up_every_events_attempts(
    database: Database, drained: Drain, fake: FakeBroker, state: str
) -> None:
    put(database, range(1_000))
    fake.has_queue = state != "no queue is bound"
    fake.room = 0

    report = drained()

    assert (report.published, report.refused, report.dead) == (0, 100, 0)


def test_a_queue_that_fills_up_ends_the_pass(
    database: Database, drained: Drain, fake: FakeBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relaying, "_AHEAD", 500)
    monkeypatch.setattr(relaying, "_PAGE", 200)
    put(database, range(3_000))
    fake.room = 1_000

    report = drained()

    assert report.published == 1_000
    assert report.refused <= 100 + 500 + 200


def test_a_hundred_events_that_nobody_wants_hold_up_no_other(
    database: Database, clock: SetClock, drained: Drain, fake: FakeBroker
) -> None:
    put(database, range(300))
    write(database, "UPDATE savctl_outbox SET routing_key = 'elsewhere' WHERE id <= 150")

    reports = [drained() for _ in range(3)]

    assert sum(report.published for report in reports) == 150
    assert arrived(fake) == list(range(151, 301))


@pytest.mark.parametrize("state", ["no queue is bound", "the queue is full"])
def test_thousands_that_nobody_wants_hold_up_no_other_either(
    database: Database, drained: Drain, fake: FakeBroker, state: str
) -> None:
    unwanted, wanted = range(2_000), range(2_000, 2_010)
    put(database, [*unwanted, *wanted])
    write(database, "UPDATE savctl_outbox SET routing_key = 'elsewhere' WHERE id <= 2000")
    if state == "the queue is full":
        fake.full = {"elsewhere"}

    report = drained()

    assert (report.published, report.refused) == (10, 100)
    assert arrived(fake) == list(range(2_001, 2_011))
    assert report.unwanted == {"elsewhere"}


def test_what_comes_before_a_tickets_unwanted_event_goes_and_what_comes_after_waits(
    database: Database, drained: Drain, fake: FakeBroker
) -> None:
    """However the pages are cut, and whether the ticket's unwanted one was tried or not."""
    put(database, range(1_000, 1_150))  # 150 that nobody wants, then four of each ticket
    put(database, [ticket for ticket in range(90) for _ in range(4)], first=151)
    second_ones = ", ".join(str(n) for n in range(332, 511, 4))  # of the tickets from 45 on
    write(
        database,
        "UPDATE savctl_outbox SET routing_key = 'elsewhere' "
        f"WHERE id <= 150 OR id IN ({second_ones})",
    )

    drained()

    seen: dict[int, list[int]] = {}
    for event in fake.arrived:
        seen.setdefault(event.ticket_id, []).append((event.id - 151) % 4)
    assert seen == {t: [0, 1, 2, 3] if t < 45 else [0] for t in range(90)}


def test_an_event_that_is_skipped_while_it_is_under_way_stays_skipped(
    database: Database, clock: SetClock, drained: Drain, fake: FakeBroker
) -> None:
    """Else it would be dead as well, and hold back its ticket with nothing to free it."""
    put(database, [7, 7])
    fake.has_queue = False
    judge = fake.verdict

    def skipped_meanwhile(event: OutboxEvent) -> BrokerVerdict:
        skip_event(Operation(database, clock, actor=5), "1")
        return judge(event)

    fake.verdict = skipped_meanwhile  # type: ignore[method-assign]
    drained(attempts=1)
    fake.has_queue, fake.verdict = True, judge  # type: ignore[method-assign]

    drained(attempts=1)

    assert (arrived(fake), published(database)) == ([2], [2])


def test_each_refusal_waits_longer_until_the_event_is_dead(
    database: Database, clock: SetClock, drained: Drain, fake: FakeBroker
) -> None:
    put(database, [7])
    fake.has_queue = False
    pauses = []

    for _ in range(4):
        drained(attempts=4)
        [row] = rows(database, "SELECT attempts, available_at, dead_at FROM savctl_outbox")
        pauses.append(row["available_at"])
        clock.advance(timedelta(hours=1))

    assert row["attempts"] == 4
    assert row["dead_at"] is not None
    assert pauses[:-1] == sorted(set(pauses[:-1]), key=str)
    assert pauses[-1] is None


def test_a_stop_sends_nothing_more(database: Database, drained: Drain, fake: FakeBroker) -> None:
    put(database, [7])

    drained(should_stop=lambda: True)

    assert (arrived(fake), published(database)) == ([], [])
