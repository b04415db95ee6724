"""A consumer that stays: what it waits out, what it reports, what ends it (rules 14.3)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from savctl.errors import SavError, Unavailable
from savctl.persistence.engine import Database
from savctl.ports import Binding, SetClock
from savctl.usecases.sync import listening as module
from savctl.usecases.sync.consuming import ConsumeOptions
from savctl.usecases.sync.intake import IntakeOptions
from savctl.usecases.sync.listening import WAITED_FOR, Listening, consume_once, stay
from savctl.usecases.sync.report import SyncCounts
from tests.given import rows
from tests.sync.fake_queues import FakeQueues
from tests.sync.outside import USERS, user

pytestmark = pytest.mark.only_on("sqlite")
BINDING = Binding(queue=USERS, exchange="auth_exchange", routing_key="auth.user.*")


@pytest.fixture
def fake() -> FakeQueues:
    queues = FakeQueues()
    queues.set_up([BINDING], exchanges=True)
    return queues


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_sleep", lambda _span, _should_stop: None)


def ends_when(happened: Callable[[], bool], *, calls: int = 500) -> Callable[[], bool]:
    """A stop that is asked for as soon as something has happened; it must, before long."""
    asked = count()

    def should_stop() -> bool:
        assert next(asked) < calls, "it did not happen"
        return happened()

    return should_stop


def test_a_broker_and_a_queue_that_are_missing_are_waited_for(
    database: Database, clock: SetClock, fake: FakeQueues
) -> None:
    fake.is_up = False
    del fake.queues[USERS]
    troubles: list[str] = []
    total, lines = SyncCounts(), [0]

    def on_trouble(problem: SavError) -> None:
        troubles.append(problem.code)
        if len(troubles) == 2:
            fake.is_up = True
        if len(troubles) == 4:
            fake.set_up([BINDING], exchanges=True)
            fake.deliver(USERS, user(), "m-1")

    stay(
        database,
        fake,
        clock,
        listening=Listening(
            queues=[USERS], on_trouble=on_trouble, on_line=lambda: lines.append(1)
        ),
        options=ConsumeOptions(
            intake=IntakeOptions(),
            should_stop=ends_when(lambda: total.received == 1),
            on_batch=total.add,
        ),
    )

    assert troubles == [*["broker_unavailable"] * 2, *["queue_missing"] * 2]
    assert sum(lines) == 1
    assert len(rows(database, "SELECT id FROM users")) == 1


def test_a_database_that_is_away_leaves_everything_unacknowledged(
    database: Database, clock: SetClock, fake: FakeQueues, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.deliver(USERS, user(), "m-1")
    transaction, failures = Database.transaction, count()

    def away(self: Database, *given: Any, **more: Any) -> Any:
        if next(failures) < 2:
            raise Unavailable("the database is away")
        return transaction(self, *given, **more)

    monkeypatch.setattr(Database, "transaction", away)
    options = ConsumeOptions(intake=IntakeOptions(), until_empty=True)
    with pytest.raises(Unavailable):
        consume_once(database, fake, clock, queues=[USERS], prefetch=5, options=options)
    assert len(fake.queues[USERS]) == 1

    total = SyncCounts()
    listening = Listening(queues=[USERS], waits_for=(*WAITED_FOR, Unavailable))
    options = ConsumeOptions(
        intake=IntakeOptions(),
        should_stop=ends_when(lambda: total.received == 1),
        on_batch=total.add,
    )
    stay(database, fake, clock, listening=listening, options=options)

    assert len(rows(database, "SELECT id FROM users")) == 1
    assert not fake.queues[USERS]


def test_so_many_messages_end_a_consumer_that_would_stay(
    database: Database, clock: SetClock, fake: FakeQueues
) -> None:
    for number in range(1, 6):
        fake.deliver(USERS, user(number), f"m-{number}")
    options = ConsumeOptions(intake=IntakeOptions(), most=3)

    stay(database, fake, clock, listening=Listening(queues=[USERS]), options=options)

    assert len(rows(database, "SELECT id FROM users")) == 3
    assert len(fake.queues[USERS]) == 2
