"""A broker in memory that keeps every promise of the port, its failures included."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Self

from savctl.domain.events.publish_window import BrokerVerdict, OutboxEvent
from savctl.errors import ConfigurationError
from savctl.ports import BrokerUnavailable, Settled


class FakeBroker:
    """An exchange with one queue bound to `sav.ticket.#`; what it takes is in `arrived`.

    Args:
        room: how many the queue takes before it refuses more.
        largest_bytes: longer envelopes are too large.
    """

    name = "fake"

    def __init__(self, *, room: int = 1_000_000, largest_bytes: int = 1_000_000) -> None:
        self.arrived: list[OutboxEvent] = []
        self.has_exchange = False
        self.has_queue = True
        self.is_up = True
        self.connections = 0
        self.confirms_left = 1_000_000
        self.room = room
        self.full: set[str] = set()  # routing keys whose queue is full
        self._largest_bytes = largest_bytes

    def connect(self, *, held: Iterable[int] = ()) -> FakePublisher:
        """Open a line."""
        self.check()
        self.connections += 1
        return FakePublisher(self, held)

    def declare(self) -> None:
        """Make the exchange."""
        self._require_up()
        self.has_exchange = True

    def check(self) -> None:
        """Pass when the exchange is there."""
        self._require_up()
        if not self.has_exchange:
            raise ConfigurationError("no exchange", hint="Run 'savctl event setup'.")

    def check_each(self) -> Mapping[str, BrokerUnavailable | None]:
        """It has one node."""
        try:
            self.check()
        except BrokerUnavailable as problem:
            return {self.name: problem}
        return {self.name: None}

    def verdict(self, event: OutboxEvent) -> BrokerVerdict:
        """Take an event, or say why not."""
        if len(event.envelope.encode()) > self._largest_bytes:
            return BrokerVerdict.TOO_LARGE
        if event.routing_key in self.full:
            return BrokerVerdict.REFUSED
        if not self.has_queue or not event.routing_key.startswith("sav.ticket."):
            return BrokerVerdict.UNROUTABLE
        if len(self.arrived) >= self.room:
            return BrokerVerdict.REFUSED
        self.arrived.append(event)
        return BrokerVerdict.CONFIRMED

    def _require_up(self) -> None:
        if not self.is_up:
            raise BrokerUnavailable("the fake broker is down")


class FakePublisher:
    """A line to it. After `confirms_left` confirms one more event arrives, and the line breaks."""

    def __init__(self, broker: FakeBroker, held: Iterable[int]) -> None:
        self._broker = broker
        self._held = set(held)
        self._settled: list[Settled] = []
        self._is_open = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, events: Sequence[OutboxEvent]) -> None:
        """Take or refuse each at once."""
        for event in events:
            if self._works():
                self._one(event)

    def settled(self, *, wait_seconds: float) -> list[Settled]:
        """What became of them; a broken line is told after the last verdict."""
        del wait_seconds
        found, self._settled = self._settled, []
        if not found and not self._works():
            raise BrokerUnavailable("the line to the fake broker broke")
        return found

    def close(self) -> None:
        """Close the line."""
        self._is_open = False

    def _works(self) -> bool:
        return self._is_open and self._broker.is_up

    def _one(self, event: OutboxEvent) -> None:
        if event.ticket_id in self._held:
            self._settled.append(Settled(event.id, None))
            return
        verdict = self._broker.verdict(event)
        if verdict is BrokerVerdict.CONFIRMED:
            if self._broker.confirms_left == 0:
                self._is_open = False
                return
            self._broker.confirms_left -= 1
        else:
            self._held.add(event.ticket_id)
        self._settled.append(Settled(event.id, verdict, f"{verdict}"))
