"""Messages taken in without a broker, and what they left behind."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from savctl.persistence.engine import Database
from savctl.persistence.unit_of_work import in_transaction
from savctl.ports import QueueMessage, SetClock
from savctl.usecases.sync.intake import IntakeOptions, read_all, take_in
from savctl.usecases.sync.report import SyncCounts
from tests.conftest import Cli
from tests.servers.brokers.rabbitmq import VirtualHost
from tests.sync.outside import Service, came

TakeIn = Callable[..., SyncCounts]
Answer = Callable[..., Any]


@pytest.fixture
def take(database: Database, clock: SetClock) -> TakeIn:
    """Take messages in, given as bodies or as they came, in one transaction."""

    def go(*messages: bytes | QueueMessage, **options: object) -> SyncCounts:
        given = IntakeOptions(largest_id=database.largest_id, **options)  # type: ignore[arg-type]
        found = [one if isinstance(one, QueueMessage) else came(one) for one in messages]
        read = read_all(found, given)
        return in_transaction(database, lambda uow: take_in(uow, read, given, now=clock()))

    return go


@pytest.fixture
def answered(
    cli: Cli, database_url: str, broker: VirtualHost, monkeypatch: pytest.MonkeyPatch
) -> Answer:
    """What a command answers in JSON."""
    monkeypatch.setenv("SAVCTL_DATABASE_URL", database_url)
    monkeypatch.setenv("SAVCTL_BROKER_URL", broker.url)

    def go(*words: object, code: int = 0) -> Any:
        done = cli(*words, "-o", "json")
        assert done.code == code, done.err
        return json.loads(done.out) if done.out else json.loads(done.err.splitlines()[-1])

    return go


@pytest.fixture
def service(answered: Answer, broker: VirtualHost) -> Iterator[Service]:
    """Other services, whose messages arrive."""
    answered("sync", "setup", "--exchanges")
    made = Service(broker.url)
    yield made
    made.close()
