"""The test broker itself: what other tests take for granted about it.

What starts or ends a broker, which takes ten seconds, is in the deep run alone.
"""

import dataclasses
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel, BlockingConnection
from pika.adapters.utils.connection_workflow import AMQPConnectorStackTimeout
from pika.exceptions import (
    AMQPError,
    ConnectionBlockedTimeout,
    ConnectionClosedByBroker,
    NackError,
    ProbableAuthenticationError,
    StreamLostError,
    UnroutableError,
)

from tests.servers.brokers.consumer import Consumer
from tests.servers.brokers.rabbitmq import CallFailed, PrivateBroker, VirtualHost
from tests.servers.brokers.rabbitmq_flags import Ports
from tests.servers.find import PROJECT, BrokerPrograms
from tests.servers.ports import is_taken

pytestmark = pytest.mark.slow("a broker takes seconds to start")

EXCHANGE = "sav_exchange"
STAYS_UNTIL_KILLED = """
import time
from tests.servers.find import rabbitmq
from tests.servers.brokers.rabbitmq import PrivateBroker
broker = PrivateBroker(rabbitmq()).start()
print(broker.pid, broker.ports.epmd, broker.folder, flush=True)
time.sleep(600)
"""


@pytest.fixture
def consumer(broker: VirtualHost) -> Consumer:
    return Consumer(broker.url, exchange=EXCHANGE, routing_key="sav.ticket.#")


@pytest.fixture
def channel(consumer: Consumer, broker: VirtualHost) -> Iterator[BlockingChannel]:
    connection = connected(broker.url, blocked_connection_timeout=1)
    yield confirming(connection)
    broker.server.heal()  # or closing would wait for a frozen one
    with suppress(AMQPError):
        connection.close()


def test_what_is_published_arrives_in_order_with_its_properties(
    channel: BlockingChannel, consumer: Consumer
) -> None:
    for number in range(3):
        publish(channel, number)

    received = consumer.drain(3)

    assert [message.body for message in received] == [b"0", b"1", b"2"]
    assert [message.properties.message_id for message in received] == ["id-0", "id-1", "id-2"]
    assert {message.routing_key for message in received} == {"sav.ticket.created"}
    assert {message.properties.delivery_mode for message in received} == {2}
    assert consumer.waiting() == 0


def test_what_was_not_asked_for_stays_in_the_queue(
    channel: BlockingChannel, consumer: Consumer
) -> None:
    for number in range(3):
        publish(channel, number)

    first = next(consumer.messages())

    assert first.body == b"0"
    assert eventually(lambda: consumer.waiting() == 3 - 1)


def test_without_a_binding_a_message_is_unroutable(
    channel: BlockingChannel, consumer: Consumer
) -> None:
    consumer.unbind()
    with pytest.raises(UnroutableError):
        publish(channel, 1)

    consumer.bind()
    publish(channel, 2)

    assert [message.body for message in consumer.drain(1)] == [b"2"]


def test_a_full_queue_refuses(channel: BlockingChannel, broker: VirtualHost) -> None:
    full = {"x-max-length": 1, "x-overflow": "reject-publish"}
    Consumer(broker.url, exchange=EXCHANGE, queue="small", arguments=full)

    publish(channel, 1)
    with pytest.raises(NackError):
        publish(channel, 2)


@pytest.mark.deep
def test_confirmed_messages_outlive_a_crash(
    channel: BlockingChannel, consumer: Consumer, broker: VirtualHost
) -> None:
    for number in range(200):
        publish(channel, number)
    before = broker.server.pid, broker.url

    broker.server.crash()
    with pytest.raises(StreamLostError):
        publish(channel, 200)
    broker.server.start()

    assert [int(message.body) for message in consumer.drain(200)] == list(range(200))
    assert broker.server.pid != before[0]
    assert broker.url == before[1]


@pytest.mark.deep
def test_a_restart_keeps_confirmed_messages(
    channel: BlockingChannel, consumer: Consumer, broker: VirtualHost
) -> None:
    publish(channel, 1)

    broker.server.restart()

    assert [message.body for message in consumer.drain(1)] == [b"1"]


def test_the_memory_alarm_blocks_publishers_until_it_ends(
    channel: BlockingChannel, consumer: Consumer, broker: VirtualHost
) -> None:
    broker.server.memory_alarm(on=True)
    with pytest.raises(ConnectionBlockedTimeout):
        publish(channel, 1)

    broker.server.memory_alarm(on=False)
    with connected(broker.url) as connection:
        publish(confirming(connection), 2)

    assert b"2" in [message.body for message in consumer.drain(1)]


def test_an_operator_can_close_every_connection(
    channel: BlockingChannel, broker: VirtualHost
) -> None:
    broker.server.close_all_connections()

    with pytest.raises(ConnectionClosedByBroker, match="CONNECTION_FORCED"):
        publish(channel, 1)


def test_a_frozen_broker_does_not_answer_until_it_thaws(
    channel: BlockingChannel, consumer: Consumer, broker: VirtualHost
) -> None:
    broker.server.freeze()
    with pytest.raises(AMQPConnectorStackTimeout):
        connected(broker.url, stack_timeout=1)

    broker.server.thaw()
    publish(channel, 1)

    assert [message.body for message in consumer.drain(1)] == [b"1"]


def test_tls_is_for_those_who_trust_its_authority(broker: VirtualHost) -> None:
    trusting = ssl.create_default_context(cafile=broker.server.certificates.ca)
    with connected(broker.tls_url, ssl_options=pika.SSLOptions(trusting, "localhost")):
        assert "true" in broker.server.ctl("list_connections", "ssl")

    stranger = ssl.create_default_context()
    with pytest.raises(ssl.SSLCertVerificationError):
        connected(broker.tls_url, ssl_options=pika.SSLOptions(stranger, "localhost"))


def test_a_client_may_show_a_certificate_too(broker: VirtualHost) -> None:
    context = ssl.create_default_context(cafile=broker.server.certificates.ca)
    context.load_cert_chain(*broker.server.certificates.client)

    with connected(broker.tls_url, ssl_options=pika.SSLOptions(context, "127.0.0.1")):
        assert "CN=savctl" in broker.server.ctl("list_connections", "peer_cert_subject")


def test_only_the_right_password_opens(broker: VirtualHost) -> None:
    right = broker.server.node.password

    with pytest.raises(ProbableAuthenticationError):
        connected(broker.url.replace(right, "wrong"))


@pytest.mark.deep
def test_what_a_test_broke_is_healed(broker: VirtualHost) -> None:
    broker.server.memory_alarm(on=True)
    broker.server.freeze()
    broker.server.heal()
    assert broker.server.evaluate("rabbit_alarm:get_alarms()") == "[]"

    broker.server.crash()
    broker.server.heal()

    connected(broker.url).close()


def test_a_call_that_the_node_refuses_says_why(broker: VirtualHost) -> None:
    with pytest.raises(CallFailed, match="no_such_vhost"):
        broker.server.delete_vhost("nowhere")
    with pytest.raises(CallFailed, match="no-such-word"):
        broker.server.ctl("no-such-word")


@pytest.mark.deep
def test_another_broker_runs_beside_on_ports_of_its_own_and_leaves_nothing(
    broker: VirtualHost, broker_programs: BrokerPrograms, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = dataclasses.replace(Ports.free(), amqp=broker.server.port)
    offered = [taken, Ports.free()]
    monkeypatch.setattr(Ports, "free", lambda: offered.pop(0))

    with PrivateBroker(broker_programs) as other:
        connected(other.create_vhost("elsewhere")).close()
        pids, ports, folder = processes_under(other.folder), other.ports, other.folder
    other.stop()

    assert ports.amqp != broker.server.port
    assert not offered
    assert len(pids) > 1
    assert not any(map(lives, pids))
    assert not is_taken(ports.epmd)
    assert not folder.exists()
    connected(broker.url).close()


@pytest.mark.deep
def test_a_killed_test_run_leaves_no_broker_behind(broker_programs: BrokerPrograms) -> None:
    run = subprocess.Popen(
        [sys.executable, "-c", STAYS_UNTIL_KILLED], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )
    with run:
        assert run.stdout is not None
        pid, epmd, folder = run.stdout.readline().split()
        assert is_taken(int(epmd))

        run.kill()

    assert eventually(lambda: not lives(int(pid)))
    assert eventually(lambda: not is_taken(int(epmd)))
    assert eventually(lambda: not Path(folder).exists())


def connected(url: str, **settings: Any) -> BlockingConnection:
    parameters = pika.URLParameters(url)
    for name, value in settings.items():
        setattr(parameters, name, value)
    return BlockingConnection(parameters)


def confirming(connection: BlockingConnection) -> BlockingChannel:
    channel = connection.channel()
    channel.confirm_delivery()
    return channel


def publish(channel: BlockingChannel, number: int) -> None:
    """Publish a persistent message and wait for the broker's word on it."""
    properties = pika.BasicProperties(delivery_mode=2, message_id=f"id-{number}")
    channel.basic_publish(
        EXCHANGE, "sav.ticket.created", str(number).encode(), properties, mandatory=True
    )


def processes_under(folder: Path) -> list[int]:
    """Every process whose home is this folder: broker, epmd and their helpers."""
    sought = f"HOME={folder}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if sought in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
    return found


def lives(pid: int) -> bool:
    """Whether it runs; what only waits to be reaped does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def eventually(true: Callable[[], bool], *, within: float = 10.0) -> bool:
    give_up = time.monotonic() + within
    while not true() and time.monotonic() < give_up:
        time.sleep(0.05)
    return true()
