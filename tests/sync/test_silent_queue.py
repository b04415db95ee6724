"""A broker that answers heartbeats and no question: its queue has stopped, its line has not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Thread

import pytest

from savctl.adapters.rabbitmq.broker import RabbitSettings
from savctl.adapters.rabbitmq.queues import RabbitQueues
from savctl.errors import SavError
from savctl.ports import Binding
from tests.servers.brokers.rabbitmq import VirtualHost

pytestmark = pytest.mark.slow("waits for the time limits of a connection")

QUEUE = "sav_user_events"
BINDING = Binding(queue=QUEUE, exchange="auth_exchange", routing_key="auth.user.*")
OF_ALL_QUEUES = "[sys:{call}(amqqueue:get_pid(Queue)) || Queue <- rabbit_amqqueue:list()]"


@pytest.fixture
def queues(broker: VirtualHost) -> RabbitQueues:
    terms = RabbitSettings(url=broker.url, connect_seconds=1, blocked_seconds=2)
    queues = RabbitQueues(terms)
    queues.set_up([BINDING], exchanges=True)
    return queues


@pytest.fixture
def stopped(broker: VirtualHost) -> Iterator[Callable[[], object]]:
    def stop() -> object:
        return broker.server.evaluate(OF_ALL_QUEUES.format(call="suspend"))

    yield stop
    broker.server.evaluate(OF_ALL_QUEUES.format(call="resume"))


def answer_of(asked: Callable[[], object]) -> str:
    """What the question ended with; it has 15 seconds."""
    ended: list[str] = []

    def ask() -> None:
        try:
            ended.append(f"answered {asked()}")
        except SavError as problem:
            ended.append(problem.message)

    thread = Thread(target=ask, daemon=True)
    thread.start()
    thread.join(15)
    return ended[0] if ended else "still waiting"


def test_a_line_is_not_opened(queues: RabbitQueues, stopped: Callable[[], object]) -> None:
    stopped()

    answer = answer_of(lambda: queues.listen([QUEUE], prefetch=10))

    assert answer == f"the broker {queues.name} accepts connections and does not answer"


def test_an_open_line_is_given_up_when_it_is_asked(
    queues: RabbitQueues, stopped: Callable[[], object]
) -> None:
    line = queues.listen([QUEUE], prefetch=10)
    stopped()

    answer = answer_of(line.waiting)

    assert answer == f"the broker {queues.name} accepts connections and does not answer"
    with suppress(SavError):
        line.close()


def test_what_a_queue_holds_is_not_waited_for(
    queues: RabbitQueues, stopped: Callable[[], object]
) -> None:
    stopped()

    answer = answer_of(lambda: queues.states([QUEUE]))

    assert answer == f"the broker {queues.name} accepts connections and does not answer"
