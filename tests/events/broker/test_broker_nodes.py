"""`broker_url` with several nodes: tried in turn, each looked at, no password shown."""

from __future__ import annotations

import json
import time

import pytest

from savctl.adapters.rabbitmq.broker import RabbitBroker, RabbitSettings
from savctl.adapters.rabbitmq.questions import NOBODY, RabbitQuestions
from savctl.adapters.rabbitmq.queues import RabbitQueues
from savctl.config.values import broker_url
from savctl.errors import Unavailable
from savctl.ports import Binding, Question
from tests.conftest import Cli
from tests.events.broker.test_publisher_contract import events, settled
from tests.servers.brokers.consumer import Consumer
from tests.servers.brokers.rabbitmq import VirtualHost
from tests.servers.ports import LOOPBACK, free_port

SECRET = "s3cret"  # noqa: S105 - of a node that does not run


def absent() -> str:
    """A node that does not run."""
    return f"amqp://sav:{SECRET}@{LOOPBACK}:{free_port()}/v"


def nodes(*urls: str) -> RabbitSettings:
    return RabbitSettings(url=",".join(urls))


def test_the_node_that_answers_is_used_and_tried_first_the_next_time(broker: VirtualHost) -> None:
    line = RabbitBroker(nodes(absent(), broker.url))
    line.declare()
    consumer = Consumer(broker.url, exchange="sav_exchange", routing_key="sav.ticket.#")

    with line.connect() as publisher:
        publisher.send(events(1, 2))
        settled(publisher, 2)

    assert len(consumer.drain()) == 2
    assert list(line._nodes.in_turn()) == [1, 0]


def test_each_node_is_looked_at(broker: VirtualHost) -> None:
    gone = absent()
    line = RabbitBroker(nodes(gone, broker.url))
    line.declare()

    away, there = line.check_each().items()

    assert away[1] is not None
    assert "does not answer" in away[1].message
    assert there == (f"{LOOPBACK}:{broker.server.port}", None)


def test_when_no_node_answers_each_reason_is_named_and_no_password() -> None:
    line = RabbitBroker(nodes(absent(), absent()))

    with pytest.raises(Unavailable, match=r"no node .* does not answer.*; the broker") as caught:
        line.connect()

    assert SECRET not in caught.value.message


@pytest.mark.slow("asks rabbitmqctl")
def test_queues_of_a_broker_with_several_nodes_are_quorum_queues(broker: VirtualHost) -> None:
    binding = Binding(queue="q", exchange="users_exchange", routing_key="users.#")
    queues = RabbitQueues(nodes(absent(), broker.url))

    queues.set_up([binding], exchanges=True)
    queues.put("q", b"{}", message_id="1")

    listed = broker.server.ctl("list_queues", "-p", broker.name, "name", "type")
    assert "quorum" in listed
    receiver = queues.listen(["q"], prefetch=10)
    [message] = receiver.receive(most=1, wait_seconds=10)
    receiver.acknowledge([message])
    receiver.close()
    assert message.body == b"{}"


def test_services_are_asked_through_the_node_that_answers_within_the_time(
    broker: VirtualHost,
) -> None:
    questions = RabbitQuestions(nodes(absent(), broker.url))
    question = Question(exchange="amq.topic", routing_key="nobody", body=b"{}")
    began = time.monotonic()

    [reply] = questions.ask([question], timeout=10)

    assert reply.why_none == NOBODY
    assert time.monotonic() - began < 5


def test_doctor_names_the_node_that_is_away_and_shows_no_password(
    cli: Cli, broker: VirtualHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("db", "upgrade")
    monkeypatch.setenv("SAVCTL_BROKER_URL", f"{absent()}, {broker.url}")
    assert cli("event", "setup", "--yes").code == 0

    outcome = cli("doctor", "-o", "json")

    lines = {line["check"]: line for line in json.loads(outcome.out)}
    assert lines["broker"]["level"] == "warn"
    assert "does not answer" in lines["broker"]["found"]
    shown = cli("config", "show", "-o", "json").out + outcome.out + outcome.err
    assert SECRET not in shown
    assert broker.server.node.password not in shown


@pytest.mark.parametrize("text", ["amqp://a,b:5672/", "amqp://a/v,mysql://b/v", "amqp://a:0/v"])
def test_what_is_no_list_of_addresses_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must"):
        broker_url(text)
