"""The exchange is deleted while a relay works: nothing is lost, it is told, and it goes on."""

from __future__ import annotations

import signal

import pytest

from savctl.adapters.rabbitmq.broker import EXCHANGE
from savctl.persistence.engine import Database
from tests.crash.processes import running, wait_until
from tests.events.backlog import faults_of, mixed, published, put, waiting
from tests.servers.brokers.consumer import Consumer
from tests.servers.brokers.rabbitmq import VirtualHost

pytestmark = [
    pytest.mark.slow("a relay process and a broker that breaks"),
    pytest.mark.only_on("mariadb", "mysql"),
]


def delete_exchange(broker: VirtualHost) -> None:
    name = f'rabbit_misc:r(<<"{broker.name}">>, exchange, <<"{EXCHANGE}">>)'
    broker.server.evaluate(f'rabbit_exchange:delete({name}, false, <<"tests">>)')


@pytest.fixture
def shop(database_url: str, broker: VirtualHost, environment: dict[str, str]) -> dict[str, str]:
    return environment | {
        "SAVCTL_DATABASE_URL": database_url,
        "SAVCTL_BROKER_URL": broker.url,
        "SAVCTL_BROKER_WINDOW": "20",
    }


def test_a_relay_that_may_make_the_exchange_makes_it_again(
    database: Database, shop: dict[str, str], broker: VirtualHost, listener: Consumer
) -> None:
    put(database, mixed(4_000, 300))
    shop |= {"SAVCTL_BROKER_TOPOLOGY": "declare"}

    with running(shop, "event", "relay") as process:
        wait_until(lambda: published(database), what="the first events")
        delete_exchange(broker)
        before = waiting(database)
        wait_until(lambda: exchange_is_back(listener), what="the exchange")
        wait_until(lambda: not waiting(database), what="every event")
        process.send_signal(signal.SIGTERM)
        process.wait(30)

    assert before > 0, "the exchange was deleted too late to prove anything"
    received = listener.drain(listener.waiting())
    assert faults_of(database, received) == []


def exchange_is_back(listener: Consumer) -> bool:
    """Bind the queue again as soon as there is something to bind it to."""
    try:
        listener.bind()
    except Exception:
        return False
    return True


def test_a_relay_that_may_only_check_waits_until_the_exchange_is_back(
    database: Database, shop: dict[str, str], broker: VirtualHost, listener: Consumer
) -> None:
    put(database, mixed(4_000, 300))

    with running(shop, "event", "relay") as process:
        wait_until(lambda: published(database), what="the first events")
        delete_exchange(broker)
        before = waiting(database)
        again = Consumer(broker.url, exchange=EXCHANGE, routing_key="sav.ticket.#")
        wait_until(lambda: not waiting(database), what="every event")
        process.send_signal(signal.SIGTERM)
        process.wait(30)

    assert before > 0, "the exchange was deleted too late to prove anything"
    assert faults_of(database, again.drain(again.waiting())) == []
