"""What every Publisher promises: the same cases on the fake and on a real RabbitMQ."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from savctl.adapters.rabbitmq.broker import EXCHANGE, RabbitBroker, RabbitSettings
from savctl.domain.events.publish_window import BrokerVerdict, OutboxEvent
from savctl.errors import ConfigurationError
from savctl.ports import Broker, BrokerUnavailable, Publisher, Settled
from tests.events.broker.fake_broker import FakeBroker
from tests.servers.brokers.consumer import Consumer
from tests.servers.brokers.rabbitmq import VirtualHost
from tests.servers.ports import LOOPBACK, free_port

PATIENCE_SECONDS = 20.0
LARGEST_BYTES = 10_000
NOWHERE = "elsewhere"
Line = Callable[..., Publisher]


@dataclass(kw_only=True)
class Outside:
    """A broker, and what happens behind it."""

    broker: Broker
    absent: Broker
    arrived: Callable[[], list[str]]
    breaks: Callable[[], None]
    exchange_appears: Callable[[], None]


@pytest.fixture(params=["fake", "rabbitmq"])
def which(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def room() -> int:
    """How many messages the queue takes."""
    return 1_000_000


@pytest.fixture
def bare(which: str, room: int, request: pytest.FixtureRequest) -> Outside:
    """A broker without the exchange."""
    return fake(room) if which == "fake" else rabbit(request.getfixturevalue("broker"), room)


@pytest.fixture
def outside(bare: Outside) -> Outside:
    """A broker with the exchange, and a queue that is bound to it."""
    bare.exchange_appears()
    return bare


@pytest.fixture
def line(outside: Outside) -> Iterator[Line]:
    """Open a line, which is closed with the test."""
    with ExitStack() as stack:

        def opened(*held: int) -> Publisher:
            publisher = outside.broker.connect(held=held)
            stack.callback(publisher.close)
            return publisher

        yield opened


def fake(room: int) -> Outside:
    broker, absent = FakeBroker(room=room, largest_bytes=LARGEST_BYTES), FakeBroker()
    absent.is_up = False

    def breaks() -> None:
        broker.is_up = False

    return Outside(
        broker=broker,
        absent=absent,
        arrived=lambda: [event.event_id for event in broker.arrived],
        breaks=breaks,
        exchange_appears=broker.declare,
    )


def rabbit(vhost: VirtualHost, room: int) -> Outside:
    consumers: list[Consumer] = []
    absent = f"amqp://sav:sav@{LOOPBACK}:{free_port()}/"
    arguments: dict[str, Any] = {"x-max-length": room, "x-overflow": "reject-publish"}

    def appears() -> None:
        consumers.append(
            Consumer(vhost.url, exchange=EXCHANGE, routing_key="sav.ticket.#", arguments=arguments)
        )

    return Outside(
        broker=RabbitBroker(RabbitSettings(url=vhost.url, largest_bytes=LARGEST_BYTES)),
        absent=RabbitBroker(RabbitSettings(url=absent)),
        arrived=lambda: [m.properties.message_id for m in consumers[0].drain()],
        breaks=vhost.server.close_all_connections,
        exchange_appears=appears,
    )


def events(*tickets: int, first: int = 1, **fields: Any) -> list[OutboxEvent]:
    """One event for each ticket named, ids counted up."""
    known: dict[str, Any] = {
        "event": "TicketStatusChanged",
        "routing_key": "sav.ticket.status_changed",
        "envelope": "{}",
        "occurred_at": datetime(2025, 10, 3, tzinfo=UTC),
    }
    return [
        OutboxEvent(id=number, event_id=f"uuid-{number}", ticket_id=ticket, **known | fields)
        for number, ticket in enumerate(tickets, start=first)
    ]


def settled(publisher: Publisher, count: int) -> dict[int, Settled]:
    """The next `count` verdicts by event."""
    found: dict[int, Settled] = {}
    give_up = time.monotonic() + PATIENCE_SECONDS
    while len(found) < count and time.monotonic() < give_up:
        for one in publisher.settled(wait_seconds=0.1):
            assert one.id not in found, "an event is settled once"
            found[one.id] = one
    assert len(found) == count
    return found


def verdicts(publisher: Publisher, count: int) -> dict[int, BrokerVerdict | None]:
    return {number: one.verdict for number, one in settled(publisher, count).items()}


def test_events_arrive_in_the_order_of_their_ticket(outside: Outside, line: Line) -> None:
    sent = events(*(n % 7 for n in range(2_000)))
    publisher = line()

    for start in range(0, len(sent), 300):
        publisher.send(sent[start : start + 300])

    assert set(verdicts(publisher, len(sent)).values()) == {BrokerVerdict.CONFIRMED}
    of_ticket = defaultdict(list)
    for event_id in outside.arrived():
        number = int(event_id.removeprefix("uuid-"))
        of_ticket[(number - 1) % 7].append(number)
    assert sum(map(len, of_ticket.values())) == len(sent)
    assert all(numbers == sorted(numbers) for numbers in of_ticket.values())


def test_a_refused_event_holds_back_the_later_ones_of_its_ticket_only(
    outside: Outside, line: Line
) -> None:
    publisher = line()
    lost = events(7, first=1, routing_key=NOWHERE)

    publisher.send(lost + events(7, 8, 7, 8, first=2))
    at_once = settled(publisher, 5)
    publisher.send(events(7, 8, first=6))
    later = verdicts(publisher, 2)

    assert at_once[1].verdict is BrokerVerdict.UNROUTABLE
    assert at_once[1].reason
    assert {n for n, one in at_once.items() if one.verdict is None} == {2, 4}
    assert later == {6: None, 7: BrokerVerdict.CONFIRMED}
    assert outside.arrived() == ["uuid-3", "uuid-5", "uuid-7"]


def test_tickets_that_are_held_from_the_start_are_settled_and_not_sent(
    outside: Outside, line: Line
) -> None:
    publisher = line(7, 9)

    publisher.send(events(7, 8, 9))

    assert verdicts(publisher, 3) == {1: None, 2: BrokerVerdict.CONFIRMED, 3: None}
    assert outside.arrived() == ["uuid-2"]


@pytest.mark.parametrize("room", [2])
def test_a_queue_that_is_full_refuses(outside: Outside, line: Line) -> None:
    publisher = line()

    publisher.send(events(1, 2, 3)[:2])
    assert set(verdicts(publisher, 2).values()) == {BrokerVerdict.CONFIRMED}
    publisher.send(events(3, 3, first=3))

    assert verdicts(publisher, 2) == {3: BrokerVerdict.REFUSED, 4: None}
    assert outside.arrived() == ["uuid-1", "uuid-2"]


def test_an_event_that_is_too_large_is_refused_and_the_line_goes_on(
    outside: Outside, line: Line
) -> None:
    publisher = line()
    large = events(1, first=1, envelope="x" * (LARGEST_BYTES + 1))

    publisher.send(large + events(1, 2, first=2))

    assert verdicts(publisher, 3) == {
        1: BrokerVerdict.TOO_LARGE,
        2: None,
        3: BrokerVerdict.CONFIRMED,
    }
    assert outside.arrived() == ["uuid-3"]


def test_an_idle_line_has_nothing_to_tell(line: Line) -> None:
    assert line().settled(wait_seconds=0.05) == []


def test_a_line_that_breaks_says_so_after_its_last_verdict(outside: Outside, line: Line) -> None:
    publisher = line()
    publisher.send(events(1, 2))
    settled(publisher, 2)

    outside.breaks()

    for _ in range(2):  # and says so again
        with pytest.raises(BrokerUnavailable):
            wait_for_the_end(publisher)
    assert outside.arrived() == ["uuid-1", "uuid-2"]


def test_only_what_arrived_was_confirmed_when_a_line_breaks_at_work(
    outside: Outside, line: Line
) -> None:
    publisher = line()
    publisher.send(events(*range(3_000)))
    confirmed = {one.id for one in publisher.settled(wait_seconds=5)}

    outside.breaks()

    with pytest.raises(BrokerUnavailable):
        wait_for_the_end(publisher, confirmed)
    assert {f"uuid-{number}" for number in confirmed} <= set(outside.arrived())


def test_nothing_is_sent_on_a_closed_line(outside: Outside, line: Line) -> None:
    publisher = line()
    publisher.close()

    publisher.send(events(1))
    publisher.close()

    with pytest.raises(BrokerUnavailable):
        wait_for_the_end(publisher)
    assert outside.arrived() == []


def test_a_broker_that_does_not_answer_is_gone(bare: Outside) -> None:
    for call in (bare.absent.check, bare.absent.declare, lambda: bare.absent.connect(held=())):
        with pytest.raises(BrokerUnavailable):
            call()


def test_a_missing_exchange_is_a_wrong_configuration_until_it_is_declared(bare: Outside) -> None:
    for call in (bare.broker.check, lambda: bare.broker.connect(held=())):
        with pytest.raises(ConfigurationError) as raised:
            call()
        assert "event setup" in str(raised.value.hint)

    bare.broker.declare()
    bare.broker.declare()

    bare.broker.check()


def wait_for_the_end(publisher: Publisher, confirmed: set[int] | None = None) -> None:
    """Collect what is settled until the line is known to be broken."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up:
        found = publisher.settled(wait_seconds=0.1)
        if confirmed is not None:
            confirmed |= {one.id for one in found}
