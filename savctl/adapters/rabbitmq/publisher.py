"""An open line to RabbitMQ: a window of messages under way, each confirmed or refused.

pika's SelectConnection runs in a thread of its own; the caller hands events over and collects
verdicts. A returned (unroutable) message arrives before its own ack, so the ack of a returned
one is read as "unroutable".
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import pika

from savctl.adapters.rabbitmq.answers import give_up
from savctl.adapters.rabbitmq.errors import size_limit, translate_error
from savctl.domain.events.publish_window import BrokerVerdict, OutboxEvent, Window
from savctl.errors import SavError
from savctl.ports import BrokerUnavailable, Settled

EXCHANGE = "sav_exchange"
APP_ID = "savctl"
REPLAY_HEADER = "x-replay"
_PERSISTENT = 2
_log = logging.getLogger("savctl.broker")
_ENOUGH = 5_000  # settled events collected in one go
_BATCH = 200  # verdicts reported together: waking the caller for each one costs both threads dear


@dataclass(frozen=True, slots=True, kw_only=True)
class PublisherOptions:
    """How long a line waits for the broker, and what is too large for it.

    With `makes_exchange` the exchange is made if it is not there; else it must be there.
    """

    connect_seconds: float
    largest_bytes: int
    makes_exchange: bool = False


class RabbitPublisher:
    """An open line. All of pika's calls happen in its thread."""

    def __init__(
        self,
        parameters: pika.ConnectionParameters,
        terms: PublisherOptions,
        window: Window,
        name: str,
    ) -> None:
        self._parameters = parameters
        self._terms = terms
        self._window = window
        self._name = name
        self._out: queue.SimpleQueue[list[Settled] | SavError] = queue.SimpleQueue()
        self._verdicts: list[Settled] = []
        self._by_tag: dict[int, OutboxEvent] = {}
        self._returned: dict[str, str] = {}
        self._next_tag = 1
        self._oldest_tag = 1
        self._is_blocked = False
        self._channel: Any = None
        self._connection: Any = None
        self._loop: Any = None
        self._ready = threading.Event()
        self._failure: SavError | None = None
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)

    def open(self) -> Self:
        """Start the thread and wait until the exchange is there and the channel confirms."""
        self._thread.start()
        if not self._ready.wait(self._terms.connect_seconds * 2):
            self._fail(BrokerUnavailable(f"the broker {self._name} does not answer in time"))
        if self._failure is not None:
            self.close()
            raise self._failure
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, events: Sequence[OutboxEvent]) -> None:
        """Hand events over to the thread."""
        self._in_thread(partial(self._offer, list(events)))

    def settled(self, *, wait_seconds: float) -> list[Settled]:
        """Collect verdicts, waiting for the first one."""
        found: list[Settled] = []
        try:
            item = self._out.get(timeout=wait_seconds)
            while True:
                if isinstance(item, SavError):
                    self._out.put(item)  # who asks again gets the same error
                    if not found:
                        raise item
                    return found
                found += item
                if len(found) >= _ENOUGH:
                    return found
                item = self._out.get_nowait()
        except queue.Empty:
            return found

    def close(self) -> None:
        """Close the connection and end the thread."""
        self._in_thread(self._close)
        self._thread.join(self._terms.connect_seconds)

    def _in_thread(self, work: Callable[[], None]) -> None:
        loop = self._loop
        if loop is not None and self._thread.is_alive():
            with suppress(AttributeError, OSError):  # the thread has just closed its loop
                loop.add_callback_threadsafe(work)

    # What follows runs in the thread.

    def _run(self) -> None:
        try:
            self._connection = pika.SelectConnection(
                self._parameters,
                on_open_callback=self._on_open,
                on_open_error_callback=self._on_lost,
                on_close_callback=self._on_lost,
            )
            self._loop = self._connection.ioloop
            self._loop.start()
        except Exception as problem:
            self._fail(BrokerUnavailable(f"the broker {self._name} failed: {problem!r}"))
        finally:
            self._fail(BrokerUnavailable(f"the connection to the broker {self._name} is closed"))
            if self._loop is not None:
                self._loop.close()

    def _on_open(self, connection: Any) -> None:
        connection.add_on_connection_blocked_callback(self._on_blocked)
        connection.add_on_connection_unblocked_callback(self._on_unblocked)
        connection.channel(on_open_callback=self._on_channel)

    def _on_channel(self, channel: Any) -> None:
        self._channel = channel
        channel.add_on_close_callback(self._on_channel_lost)
        channel.add_on_return_callback(self._on_return)
        channel.exchange_declare(
            EXCHANGE,
            exchange_type="topic",
            durable=True,
            passive=not self._terms.makes_exchange,
            callback=lambda _: self._on_exchange(channel),
        )

    def _on_exchange(self, channel: Any) -> None:
        channel.confirm_delivery(self._on_confirm, callback=lambda _: self._ready.set())

    def _offer(self, events: list[OutboxEvent]) -> None:
        self._verdicts += [Settled(held, None) for held in self._window.offer(events)]
        self._pump()
        self._put_verdicts()

    def _pump(self) -> None:
        while not self._is_blocked and self._channel is not None and self._channel.is_open:
            event = self._window.take()
            if event is None:
                return
            self._publish(event)

    def _publish(self, event: OutboxEvent) -> None:
        body = event.envelope.encode()
        if len(body) > self._terms.largest_bytes:
            self._settle(event, BrokerVerdict.TOO_LARGE, f"{len(body)} bytes are too large")
            return
        self._by_tag[self._next_tag] = event
        self._next_tag += 1
        self._channel.basic_publish(
            EXCHANGE, event.routing_key, body, properties=_properties(event), mandatory=True
        )

    def _on_return(self, _: Any, method: Any, properties: Any, __: bytes) -> None:
        self._returned[properties.message_id] = f"{method.reply_code} {method.reply_text}"

    def _on_confirm(self, frame: Any) -> None:
        tag, is_ack = frame.method.delivery_tag, isinstance(frame.method, pika.spec.Basic.Ack)
        first = self._oldest_tag if frame.method.multiple else tag
        for one in range(first, tag + 1):
            event = self._by_tag.pop(one, None)
            if event is not None:
                self._judge(event, is_ack)
        while self._oldest_tag < self._next_tag and self._oldest_tag not in self._by_tag:
            self._oldest_tag += 1
        self._pump()
        if len(self._verdicts) >= _BATCH or not self._window.under_way:
            self._put_verdicts()

    def _judge(self, event: OutboxEvent, is_ack: bool) -> None:
        why = self._returned.pop(event.event_id, None)
        if why is not None:
            reason = f"no queue is bound for {event.routing_key} ({why})"
            self._settle(event, BrokerVerdict.UNROUTABLE, reason)
        elif is_ack:
            self._settle(event, BrokerVerdict.CONFIRMED, "")
        else:
            self._settle(event, BrokerVerdict.REFUSED, "the broker refused it (nack)")

    def _settle(self, event: OutboxEvent, verdict: BrokerVerdict, reason: str) -> None:
        self._verdicts.append(Settled(event.id, verdict, reason))
        self._verdicts += [Settled(held, None) for held in self._window.settle(event.id, verdict)]

    def _put_verdicts(self) -> None:
        if self._verdicts:
            self._out.put(self._verdicts)
            self._verdicts = []

    def _on_blocked(self, _: Any, frame: Any) -> None:
        self._is_blocked = True
        self._put_verdicts()
        self._log("%s asks to wait: %s. Events wait.", frame.method.reason, event="broker_blocked")

    def _on_unblocked(self, _: Any, __: Any) -> None:
        self._is_blocked = False
        self._pump()
        self._log("%s takes events again.", event="broker_unblocked")

    def _log(self, text: str, *more: object, event: str) -> None:
        _log.warning(text, f"The broker {self._name}", *more, extra={"event": event})

    def _on_channel_lost(self, _: Any, reason: Exception) -> None:
        self._channel = None
        limit = size_limit(reason)
        if limit is None:
            self._fail(translate_error(reason, self._name, EXCHANGE))
        else:
            self._refuse_larger_than(limit)
        if self._connection.is_open:
            self._connection.close()

    def _refuse_larger_than(self, limit: int) -> None:
        """The broker closed the channel over one message; the others go on another line."""
        for tag, event in list(self._by_tag.items()):
            size = len(event.envelope.encode())
            if size > limit:
                del self._by_tag[tag]
                self._settle(
                    event, BrokerVerdict.TOO_LARGE, f"{size} bytes: the broker takes {limit}"
                )
        self._fail(
            BrokerUnavailable(
                f"the broker {self._name} closed the connection: a message is too large"
            )
        )

    def _on_lost(self, connection: Any, reason: Any) -> None:
        self._fail(translate_error(reason, self._name, EXCHANGE))
        connection.ioloop.stop()

    def _close(self) -> None:
        """End in order, which also closes the socket; but wait for the peer only so long."""
        if self._connection.is_open:
            self._connection.close()
        if self._connection.is_closing:
            patience = self._terms.connect_seconds / 2
            self._loop.call_later(patience, partial(give_up, self._connection))
        else:
            self._loop.stop()

    def _fail(self, failure: SavError) -> None:
        if self._failure is None:
            self._failure = failure
            self._put_verdicts()
            self._out.put(failure)
        self._ready.set()


def _properties(event: OutboxEvent) -> pika.BasicProperties:
    headers = {"x-ticket-id": event.ticket_id, "x-sequence": event.id}
    if event.is_replay:
        headers[REPLAY_HEADER] = True
    return pika.BasicProperties(
        content_type="application/json",
        content_encoding="utf-8",
        delivery_mode=_PERSISTENT,
        message_id=event.event_id,
        type=event.event,
        app_id=APP_ID,
        timestamp=int(event.occurred_at.timestamp()),
        headers=headers,
    )
