"""An open line from RabbitMQ: messages of some queues, acknowledged a batch at a time.

While a batch is stored nothing is read from the line; it lives as long as the broker is patient
with heartbeats, and whatever is not acknowledged when it breaks is delivered again.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, Self

import pika
from pika.exceptions import ChannelClosedByBroker

from savctl.adapters.rabbitmq.answers import answered_within
from savctl.adapters.rabbitmq.errors import translating_errors
from savctl.errors import SavError
from savctl.ports import BrokerUnavailable, QueueMessage, QueueMissing

_LINGER_SECONDS = 0.002  # for the rest of what the broker is sending at this moment


class RabbitReceiver:
    """An open line; all calls come from one thread."""

    def __init__(
        self,
        parameters: pika.ConnectionParameters,
        name: str,
        queues: Sequence[str],
        *,
        prefetch: int,
    ) -> None:
        self._parameters = parameters
        self._name = name
        self._queues = queues
        self._prefetch = prefetch
        self._arrived: deque[QueueMessage] = deque()
        self._cancelled: str | None = None
        self._connection: Any = None
        self._channel: Any = None

    def open(self) -> Self:
        """Connect, and ask for messages."""
        with translating_errors(self._name, "", waits=_WAITS):
            self._connection = pika.BlockingConnection(self._parameters)
        try:
            with self._asking():
                self._listen()
        except BaseException:
            self.close()
            raise
        return self

    def receive(self, *, most: int, wait_seconds: float) -> list[QueueMessage]:
        """The next messages; what arrives together is answered together."""
        self._until(lambda: bool(self._arrived), wait_seconds)
        if self._arrived:
            self._until(lambda: len(self._arrived) >= most, _LINGER_SECONDS, stops_when_idle=True)
        elif self._cancelled is not None:
            raise queue_missing(self._name, self._cancelled)
        return [self._arrived.popleft() for _ in range(min(most, len(self._arrived)))]

    def acknowledge(self, messages: Sequence[QueueMessage]) -> None:
        """Acknowledge all up to the last of them at once: they are answered in their order."""
        if messages:
            with translating_errors(self._name, "", waits=_WAITS):
                self._channel.basic_ack(messages[-1].tag, multiple=True)

    def waiting(self) -> int:
        """How many messages the broker has not delivered to anybody, and those at hand."""
        with self._asking():
            found = [
                int(self._channel.queue_declare(queue, passive=True).method.message_count)
                for queue in self._queues
            ]
        return sum(found) + len(self._arrived)

    def close(self) -> None:
        """Close the line."""
        if self._connection is not None and self._connection.is_open:
            with suppress(SavError), self._asking():
                self._connection.close()

    @contextmanager
    def _asking(self) -> Iterator[None]:
        with (
            translating_errors(self._name, "", waits=_WAITS),
            answered_within(self._connection, self._parameters.stack_timeout),
        ):
            yield

    def _listen(self) -> None:
        for queue in self._queues:
            self._channel = self._channel or self._connection.channel()
            self._channel.basic_qos(prefetch_count=self._prefetch)
            self._channel.add_on_cancel_callback(partial(self._on_cancel, queue))
            try:
                self._channel.basic_consume(queue, partial(self._on_message, queue))
            except ChannelClosedByBroker as problem:
                if problem.reply_code != 404:
                    raise
                raise queue_missing(self._name, queue) from None

    def _until(
        self, is_enough: Callable[[], bool], seconds: float, *, stops_when_idle: bool = False
    ) -> None:
        end = time.monotonic() + seconds
        with translating_errors(self._name, "", waits=_WAITS):
            while not is_enough() and self._cancelled is None:
                left, before = end - time.monotonic(), len(self._arrived)
                if not self._connection.is_open:
                    raise BrokerUnavailable(f"the connection to the broker {self._name} is closed")
                self._connection.process_data_events(time_limit=max(left, 0))
                is_idle = stops_when_idle and len(self._arrived) == before
                if left <= 0 or is_idle:
                    return

    def _on_message(self, queue: str, _: Any, method: Any, properties: Any, body: bytes) -> None:
        self._arrived.append(
            QueueMessage(
                queue=queue,
                tag=method.delivery_tag,
                body=body,
                message_id=properties.message_id,
            )
        )

    def _on_cancel(self, queue: str, _: Any) -> None:
        """The broker ends a consumer when its queue is deleted."""
        self._cancelled = queue


_WAITS = "Messages wait in their queues."


def queue_missing(broker: str, queue: str) -> QueueMissing:
    """A queue that is not there."""
    return QueueMissing(
        f"the broker {broker} has no queue {queue}", hint="Run 'savctl sync setup'."
    )
