"""What every Queues promises: the same cases on the fake and on a real RabbitMQ."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import pytest

from savctl.adapters.rabbitmq.broker import RabbitSettings
from savctl.adapters.rabbitmq.queues import RabbitQueues
from savctl.ports import (
    Binding,
    BrokerUnavailable,
    QueueMessage,
    QueueMissing,
    Queues,
    Receiver,
)
from tests.servers.ports import LOOPBACK, free_port
from tests.sync.fake_queues import FakeQueues
from tests.sync.outside import ORDERS, USERS, Service, order, user

PATIENCE_SECONDS = 20.0
BOTH = (USERS, ORDERS)
BINDINGS = (
    Binding(queue=USERS, exchange="auth_exchange", routing_key="auth.user.*"),
    Binding(queue=ORDERS, exchange="orders_exchange", routing_key="orders.order.*"),
)


@dataclass(kw_only=True)
class Outside:
    """A broker, and what happens behind it."""

    queues: Queues
    absent: Queues
    sends: Callable[[bytes], None]
    breaks: Callable[[], None]


@pytest.fixture(params=["fake", "rabbitmq"])
def outside(request: pytest.FixtureRequest) -> Iterator[Outside]:
    if request.param == "fake":
        yield _fake()
        return
    vhost = request.getfixturevalue("broker")
    services: list[Service] = []

    def sends(body: bytes) -> None:
        services.append(Service(vhost.url))
        services[-1].send(body)

    absent = f"amqp://sav:sav@{LOOPBACK}:{free_port()}/"
    yield Outside(
        queues=RabbitQueues(RabbitSettings(url=vhost.url)),
        absent=RabbitQueues(RabbitSettings(url=absent)),
        sends=sends,
        breaks=vhost.server.close_all_connections,
    )
    for service in services:
        with suppress(Exception):
            service.close()


def _fake() -> Outside:
    queues, absent = FakeQueues(), FakeQueues()
    absent.is_up = False

    def sends(body: bytes) -> None:
        queues.deliver(ORDERS if b'"Order' in body else USERS, body)

    return Outside(queues=queues, absent=absent, sends=sends, breaks=queues.break_lines)


@pytest.fixture
def ready(outside: Outside) -> Outside:
    """A broker whose queues are made and bound."""
    outside.queues.set_up(BINDINGS, exchanges=True)
    return outside


def taken(receiver: Receiver, number: int, *, most: int = 50) -> list[QueueMessage]:
    """So many messages, or fewer when the time is up."""
    found: list[QueueMessage] = []
    end = time.monotonic() + PATIENCE_SECONDS
    while len(found) < number and time.monotonic() < end:
        found += receiver.receive(most=most, wait_seconds=0.1)
    return found


def _use_until_it_breaks(line: Receiver, found: list[QueueMessage]) -> None:
    for _ in range(100):
        line.acknowledge(found)
        line.receive(most=1, wait_seconds=0.1)


def test_messages_arrive_in_the_order_of_their_queue_and_wait_for_the_acknowledgement(
    ready: Outside,
) -> None:
    for number in range(3):
        ready.sends(user(number + 1))
    ready.sends(order())
    line = ready.queues.listen(BOTH, prefetch=50)

    found = taken(line, 4)

    assert [m.body for m in found if m.queue == USERS] == [user(1), user(2), user(3)]
    assert [m.body for m in found if m.queue == ORDERS] == [order()]
    line.close()
    again = ready.queues.listen(BOTH, prefetch=50)
    assert len(taken(again, 4)) == 4
    again.close()


def test_what_was_acknowledged_does_not_come_again(ready: Outside) -> None:
    ready.sends(user(1))
    ready.sends(user(2))
    ready.sends(user(3))
    line = ready.queues.listen(BOTH, prefetch=50)
    first = taken(line, 2, most=2)
    line.acknowledge(first)
    line.close()

    again = ready.queues.listen(BOTH, prefetch=50)

    assert [m.body for m in taken(again, 1)] == [user(3)]
    again.close()


def test_no_more_are_under_way_than_the_prefetch(ready: Outside) -> None:
    for number in range(5):
        ready.sends(user(number + 1))
    line = ready.queues.listen([USERS], prefetch=2)

    first = taken(line, 2)

    assert line.receive(most=50, wait_seconds=0.1) == []
    assert line.waiting() == 3
    line.acknowledge(first)
    assert len(taken(line, 2)) == 2
    line.close()


def test_an_empty_line_answers_nothing(ready: Outside) -> None:
    line = ready.queues.listen(BOTH, prefetch=50)

    assert line.receive(most=50, wait_seconds=0.05) == []
    assert line.waiting() == 0
    line.acknowledge([])
    line.close()
    line.close()


def test_a_line_that_breaks_reports_it_and_the_messages_come_again(ready: Outside) -> None:
    ready.sends(user())
    line = ready.queues.listen(BOTH, prefetch=50)
    found = taken(line, 1)

    ready.breaks()

    with pytest.raises(BrokerUnavailable):
        _use_until_it_breaks(line, found)
    line.close()
    again = ready.queues.listen(BOTH, prefetch=50)
    assert len(taken(again, 1)) == 1
    again.close()


def test_a_missing_queue_is_named_with_the_command_that_makes_it(outside: Outside) -> None:
    for call in (
        lambda: outside.queues.listen([USERS], prefetch=1),
        lambda: outside.queues.put(USERS, b"{}", message_id="1"),
    ):
        with pytest.raises(QueueMissing, match=USERS) as raised:
            call()
        assert "sync setup" in str(raised.value.hint)
    assert outside.queues.states([USERS]) == [None]


def test_a_missing_exchange_is_named_and_made_only_on_request(outside: Outside) -> None:
    with pytest.raises(BrokerUnavailable, match="auth_exchange"):
        outside.queues.set_up(BINDINGS, exchanges=False)

    outside.queues.set_up(BINDINGS, exchanges=True)
    outside.queues.set_up(BINDINGS, exchanges=False)

    outside.sends(user())
    assert [state.messages for state in outside.queues.states(BOTH) if state] == [1, 0]


def test_a_state_has_depth_consumers_and_the_oldest_message_which_stays(ready: Outside) -> None:
    ready.sends(user(1))
    ready.sends(user(2))

    first, _ = ready.queues.states(BOTH)
    line = ready.queues.listen([ORDERS], prefetch=1)
    again, orders = ready.queues.states(BOTH)
    line.close()

    assert first == again
    assert first is not None
    assert (first.messages, first.consumers, first.oldest) == (2, 0, user(1))
    assert orders is not None
    assert orders.consumers == 1


def test_what_is_put_into_a_queue_arrives_with_its_id(ready: Outside) -> None:
    ready.queues.put(ORDERS, b"body", message_id="a-new-one")

    line = ready.queues.listen(BOTH, prefetch=1)
    (found,) = taken(line, 1)
    line.close()

    assert (found.queue, found.body, found.message_id) == (ORDERS, b"body", "a-new-one")


def test_a_broker_that_does_not_answer_is_unavailable(outside: Outside) -> None:
    for call in (
        lambda: outside.absent.listen([USERS], prefetch=1),
        lambda: outside.absent.set_up(BINDINGS, exchanges=True),
        lambda: outside.absent.states([USERS]),
        lambda: outside.absent.put(USERS, b"{}", message_id="1"),
    ):
        with pytest.raises(BrokerUnavailable):
            call()
