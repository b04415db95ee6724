"""What a broker may ask for: smaller messages, a pause, another kind of exchange."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from threading import Thread

import pika
import pytest

from savctl.adapters.rabbitmq.broker import EXCHANGE, RabbitBroker, RabbitSettings
from savctl.persistence.engine import Database
from savctl.ports import BrokerUnavailable
from tests.conftest import Cli
from tests.events.backlog import put, waiting
from tests.events.conftest import Relay
from tests.events.relay.test_faults import arrive_as_promised, drained_in_thread
from tests.given import rows, write
from tests.servers.brokers.consumer import Consumer
from tests.servers.brokers.rabbitmq import VirtualHost

LARGEST = 1_000


@pytest.fixture
def small_minded(broker: VirtualHost) -> Iterator[VirtualHost]:
    """A broker whose operator has lowered the largest message."""
    before = broker.server.evaluate("application:get_env(rabbit, max_message_size)")
    broker.server.evaluate(f"application:set_env(rabbit, max_message_size, {LARGEST})")
    yield broker
    value = before.removeprefix("{ok,").removesuffix("}").strip()
    broker.server.evaluate(f"application:set_env(rabbit, max_message_size, {value})")


def test_a_message_that_the_broker_finds_too_large_is_dead_and_the_others_go(
    database: Database, small_minded: VirtualHost, listener: Consumer, relay: Relay
) -> None:
    put(database, [1, 2, 3, 2])
    too_large = '{"data": {"ticket_id": 2, "text": "' + "x" * LARGEST + '"}}'
    write(database, f"UPDATE savctl_outbox SET envelope = '{too_large}' WHERE id = 2")

    with pytest.raises(BrokerUnavailable, match="a message is too large"):
        relay()
    relay()

    dead = rows(database, "SELECT id, last_error FROM savctl_outbox WHERE dead_at IS NOT NULL")
    assert [(row["id"], row["last_error"]) for row in dead] == [
        (2, f"{len(too_large)} bytes: the broker takes {LARGEST}")
    ]
    arrived = {message.body.decode() for message in listener.drain(2)}
    assert len(arrived) == 2
    assert waiting(database) == 2  # the dead one, and the one behind it


@pytest.mark.only_on("sqlite")
def test_a_pause_that_the_broker_asks_for_is_reported_and_so_is_its_end(
    database: Database,
    broker: VirtualHost,
    listener: Consumer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    put(database, range(20))
    broker.server.memory_alarm(on=True)

    with caplog.at_level(logging.WARNING, logger="savctl"):
        thread, ended = drained_in_thread(database, broker.url)
        give_up = time.monotonic() + 20
        while "asks to wait" not in caplog.text:
            assert time.monotonic() < give_up, "the relay did not notice"
            time.sleep(0.05)
        blocked = listener.waiting()
        broker.server.memory_alarm(on=False)
        thread.join(30)

    name = f"The broker 127.0.0.1:{broker.server.port}"
    assert [record.message for record in caplog.records] == [
        f"{name} asks to wait: low on memory. Events wait.",
        f"{name} takes events again.",
    ]
    assert (ended, blocked, listener.waiting()) == (["done"], 0, 20)


@pytest.mark.only_on("sqlite")
def test_a_pause_that_does_not_end_is_given_up_and_nothing_is_marked(
    database: Database, broker: VirtualHost, listener: Consumer
) -> None:
    put(database, range(20))
    broker.server.memory_alarm(on=True)

    thread, ended = drained_in_thread(database, broker.url, blocked_seconds=1)
    thread.join(30)
    broker.server.memory_alarm(on=False)
    again, ended_again = drained_in_thread(database, broker.url)
    again.join(30)

    assert "asked to wait for too long (a memory or disk alarm)" in str(ended[0])
    assert ended_again == ["done"]
    assert arrive_as_promised(database, listener) <= 20  # the blocked ones may come twice


@pytest.mark.only_on("sqlite")
def test_an_exchange_of_another_kind_is_a_wrong_configuration(
    cli: Cli, broker: VirtualHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(broker.url))
    connection.channel().exchange_declare(EXCHANGE, "direct", durable=True)
    connection.close()
    monkeypatch.setenv("SAVCTL_BROKER_URL", broker.url)

    shown = cli("event", "setup")

    assert (shown.code, shown.out) == (2, "")
    assert "sav_exchange" in shown.err
    assert "'type'" in shown.err


@pytest.mark.only_on("sqlite")
def test_a_relay_that_lacks_the_right_to_publish_says_so(
    database: Database, broker: VirtualHost, listener: Consumer, relay: Relay
) -> None:
    del listener
    put(database, [1])
    broker.server.evaluate(
        "rabbit_auth_backend_internal:set_permissions("
        f'<<"sav">>, <<"{broker.name}">>, <<".*">>, <<"^$">>, <<".*">>, <<"tests">>)'
    )
    line = RabbitBroker(RabbitSettings(url=broker.url))

    line.check()
    with pytest.raises(Exception, match="access to exchange 'sav_exchange'") as raised:
        relay()

    assert int(getattr(raised.value, "exit_code", 0)) == 7


@pytest.mark.slow("waits for the time limit of a connection")
@pytest.mark.only_on("sqlite")
def test_a_broker_that_answers_heartbeats_and_nothing_else_is_given_up(
    kind: str, broker: VirtualHost
) -> None:
    """Somebody holds the table of exchanges, so that none can be made."""
    del kind
    broker.server.evaluate(
        "Holder = spawn(fun() -> mnesia:transaction(fun() ->"
        " mnesia:write_lock_table(rabbit_exchange), receive free -> ok end end) end),"
        " register(holder, Holder), timer:sleep(200)"
    )
    line = RabbitBroker(RabbitSettings(url=broker.url, connect_seconds=1, heartbeat_seconds=5))
    ended: list[object] = []

    def declare() -> None:
        try:
            line.declare()
        except BrokerUnavailable as problem:
            ended.append(problem.message)

    thread = Thread(target=declare)
    thread.start()
    thread.join(15)
    broker.server.evaluate("holder ! free")
    thread.join()

    assert ended == [f"the broker {line.name} does not answer in time"]
    line.declare()
    line.check()
