"""A consumer as other services have one: a durable queue, bound to an exchange."""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pika
from pika.adapters.blocking_connection import BlockingChannel, BlockingConnection

PREFETCH = 1_000
QUIET = 0.1  # seconds without a message, after which a queue counts as empty


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A message as it came, with its properties (message_id, type, headers, ...)."""

    body: bytes
    properties: pika.BasicProperties
    routing_key: str
    redelivered: bool


class Consumer:
    """A durable queue of its own, bound to a durable topic exchange when this is made.

    It connects for every call, so that a broker may crash and restart in between.

    Args:
        url: the AMQP address of the virtual host.
        exchange: declared when it is not there yet.
        routing_key: what is to arrive, such as "sav.ticket.#".
        queue: its name.
        arguments: of the queue, such as {"x-max-length": 10, "x-overflow": "reject-publish"}.
    """

    def __init__(
        self,
        url: str,
        *,
        exchange: str,
        routing_key: str = "#",
        queue: str = "consumer",
        arguments: dict[str, Any] | None = None,
    ) -> None:
        self._parameters = pika.URLParameters(url)
        self._exchange = exchange
        self._routing_key = routing_key
        self.queue = queue
        with closing(self._connect()) as connection:
            channel = connection.channel()
            channel.exchange_declare(exchange, "topic", durable=True)
            channel.queue_declare(queue, durable=True, arguments=arguments)
        self.bind()

    def bind(self) -> None:
        """Bind the queue; it is, until unbind()."""
        with closing(self._connect()) as connection:
            connection.channel().queue_bind(self.queue, self._exchange, self._routing_key)

    def unbind(self) -> None:
        """Let nothing arrive any more: what is published now is unroutable."""
        with closing(self._connect()) as connection:
            connection.channel().queue_unbind(self.queue, self._exchange, self._routing_key)

    def waiting(self) -> int:
        """How many messages are in the queue."""
        with closing(self._connect()) as connection:
            declared = connection.channel().queue_declare(self.queue, passive=True)
            return int(declared.method.message_count)

    def drain(self, at_least: int = 0, *, within: float = 30.0) -> list[Received]:
        """Take out what is there; wait until `at_least` messages came, or the time is up."""
        return list(self.messages(at_least, within=within))

    def messages(self, at_least: int = 0, *, within: float = 30.0) -> Iterator[Received]:
        """The same one by one, in flat memory, however many there are.

        A message that was not asked for stays in the queue. Those before it are gone.
        """
        with closing(self._connect()) as connection:
            channel = connection.channel()
            channel.basic_qos(prefetch_count=PREFETCH)
            yield from _taken(channel, self.queue, at_least, time.monotonic() + within)
            channel.cancel()

    def _connect(self) -> BlockingConnection:
        return BlockingConnection(self._parameters)


def _taken(
    channel: BlockingChannel, queue: str, at_least: int, give_up: float
) -> Iterator[Received]:
    count = 0
    for method, properties, body in channel.consume(queue, inactivity_timeout=QUIET):
        is_late = time.monotonic() > give_up
        if method is not None:
            count += 1
            channel.basic_ack(method.delivery_tag)
            yield Received(
                body=body,
                properties=properties,
                routing_key=method.routing_key,
                redelivered=method.redelivered,
            )
        if is_late or (method is None and count >= at_least):
            return
