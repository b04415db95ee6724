"""Queues on a RabbitMQ server: made, bound, looked at, filled and emptied (rules 14)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pika
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.exceptions import AMQPError, ChannelClosedByBroker, NackError, UnroutableError

from savctl.adapters.rabbitmq.answers import answered_within
from savctl.adapters.rabbitmq.errors import translating_errors
from savctl.adapters.rabbitmq.nodes import Nodes
from savctl.adapters.rabbitmq.parameters import RabbitSettings
from savctl.adapters.rabbitmq.receiver import RabbitReceiver, queue_missing
from savctl.ports import Binding, BrokerUnavailable, QueueState

_PERSISTENT = 2
_WAITS = "Messages wait in their queues."


class RabbitQueues:
    """The queues of one virtual host."""

    def __init__(self, settings: RabbitSettings) -> None:
        self._nodes = Nodes(settings)
        self.name = self._nodes.name
        self._patience = settings.blocked_seconds
        self._kind = {"x-queue-type": "quorum"} if len(self._nodes.names) > 1 else None

    def listen(self, queues: Sequence[str], *, prefetch: int) -> RabbitReceiver:
        """Open a line on which the messages of these queues arrive."""
        return self._nodes.open(
            lambda parameters, node: RabbitReceiver(
                parameters, node, queues, prefetch=prefetch
            ).open()
        )

    def set_up(self, bindings: Sequence[Binding], *, exchanges: bool) -> None:
        """Make the queues and bind them; a queue that is there keeps its arguments.

        Where the broker has several nodes they are quorum queues: one of the usual kind is gone
        while its node is. On a single node they would only be slower.
        """
        with self._connection() as connection:
            for binding in bindings:
                self._require_exchange(connection, binding.exchange, makes=exchanges)
                if _state(connection, binding.queue) is None:
                    connection.channel().queue_declare(
                        binding.queue, durable=True, arguments=self._kind
                    )
                connection.channel().queue_bind(
                    binding.queue, binding.exchange, binding.routing_key
                )

    def states(self, queues: Sequence[str]) -> list[QueueState | None]:
        """How each queue is; the oldest message is looked at and put back."""
        with self._connection() as connection:
            return [_state(connection, queue, looks_in=True) for queue in queues]

    def put(self, queue: str, body: bytes, *, message_id: str) -> None:
        """Put a message into a queue through the default exchange, confirmed."""
        properties = pika.BasicProperties(
            content_type="application/json", delivery_mode=_PERSISTENT, message_id=message_id
        )
        with self._connection() as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            try:
                channel.basic_publish("", queue, body, properties, mandatory=True)
            except UnroutableError:
                raise queue_missing(self.name, queue) from None
            except NackError:
                raise BrokerUnavailable(
                    f"the broker {self.name} did not take a message for {queue}",
                    hint="The queue may be full. The message is still where it was.",
                ) from None

    def _require_exchange(self, connection: Any, exchange: str, *, makes: bool) -> None:
        channel = connection.channel()
        try:
            channel.exchange_declare(
                exchange, exchange_type="topic", durable=True, passive=not makes
            )
        except ChannelClosedByBroker as problem:
            if problem.reply_code != 404:
                raise
            raise BrokerUnavailable(
                f"the broker {self.name} has no exchange {exchange}",
                hint="Its service makes it. To make it now, run 'savctl sync setup --exchanges'.",
            ) from None

    @contextmanager
    def _connection(self) -> Iterator[Any]:
        with translating_errors(self.name, "", waits=_WAITS):
            connection = self._nodes.open(_connected)
            with answered_within(connection, self._patience):
                try:
                    yield connection
                finally:
                    with suppress(AMQPError, AMQPConnectorException):
                        connection.close()


def _connected(parameters: pika.URLParameters, node: str) -> Any:
    with translating_errors(node, "", waits=_WAITS):
        return pika.BlockingConnection(parameters)


def _state(connection: Any, queue: str, *, looks_in: bool = False) -> QueueState | None:
    channel = connection.channel()
    try:
        declared = channel.queue_declare(queue, passive=True).method
    except ChannelClosedByBroker as problem:
        if problem.reply_code != 404:
            raise
        return None
    oldest = None
    if looks_in and declared.message_count:
        _, _, oldest = channel.basic_get(queue)
    channel.close()  # what was looked at goes back to its place
    return QueueState(
        queue=queue,
        messages=declared.message_count,
        consumers=declared.consumer_count,
        oldest=oldest,
    )
