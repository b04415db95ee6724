"""A relay between a real database and a real broker."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from savctl.adapters.rabbitmq.broker import EXCHANGE, RabbitBroker, RabbitSettings
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.events.relaying import RelayOptions, RelayReport, drain
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.creation import NewTicket, create_ticket
from tests.servers.brokers.consumer import Consumer, Received
from tests.servers.brokers.rabbitmq import VirtualHost

Relay = Callable[..., RelayReport]


@pytest.fixture
def listener(broker: VirtualHost) -> Consumer:
    """A queue of another service, bound with sav.ticket.#; it also makes the exchange."""
    return Consumer(broker.url, exchange=EXCHANGE, routing_key="sav.ticket.#")


@pytest.fixture
def relay(database: Database, broker: VirtualHost, clock: SetClock) -> Relay:
    """Drain the outbox once."""

    def run(**settings: object) -> RelayReport:
        report = RelayReport()
        line = RabbitBroker(RabbitSettings(url=broker.url))
        terms = RelayOptions(draw=lambda: 0.0, **settings)  # type: ignore[arg-type]
        drain(database, line, clock, terms=terms, report=report)
        return report

    return run


@pytest.fixture
def new_ticket(database: Database, clock: SetClock) -> Callable[[], int]:
    """Create a ticket, and with it one event."""

    def make() -> int:
        wanted = NewTicket(user_id=456, subject="Order not received", description="Where?")
        change, _ = create_ticket(Operation(database, clock, actor=None), wanted)
        return change.ticket.id

    return make


def reported(message: Received) -> int:
    """The ticket that a message is about."""
    return int(json.loads(message.body)["data"]["ticket_id"])
