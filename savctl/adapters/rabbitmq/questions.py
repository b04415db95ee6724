"""Questions over RabbitMQ with direct reply-to: a connection for each call, and a hard limit.

pika may wait for a server that accepts and says nothing, or for a name to be resolved; so the
asking is done by a thread that is left behind when the time is up. What it may still hear then
reaches nobody.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from copy import copy
from typing import Any
from uuid import uuid4

import pika
from pika.exceptions import AMQPError, ChannelClosedByBroker

from savctl.adapters.rabbitmq.errors import translating_errors
from savctl.adapters.rabbitmq.nodes import Nodes
from savctl.adapters.rabbitmq.parameters import RabbitSettings
from savctl.adapters.rabbitmq.publisher import APP_ID
from savctl.errors import SavError
from savctl.ports import BrokerUnavailable, Question, ServiceReply

_REPLY_TO = "amq.rabbitmq.reply-to"
NOBODY = "nobody answers there"
LATE = "no answer in time"
Limited = dict[str, pika.URLParameters]
_Answers = queue.SimpleQueue[tuple[int, ServiceReply]]


class RabbitQuestions:
    """Asks the services on one virtual host."""

    def __init__(self, settings: RabbitSettings) -> None:
        self._nodes = Nodes(settings)
        self.name = self._nodes.name

    def ask(self, questions: Sequence[Question], *, timeout: float) -> list[ServiceReply]:
        """Ask all at once; each is answered for itself, and none later than the time is up."""
        end = time.monotonic() + timeout
        heard: _Answers = queue.SimpleQueue()
        try:
            call = _Call(self._limited(timeout), questions, end, heard)
        except SavError as problem:  # a certificate that is not there
            return [ServiceReply(None, problem.message)] * len(questions)
        threading.Thread(target=call.run, name="questions", daemon=True).start()
        replies: list[ServiceReply] = [ServiceReply(None, LATE)] * len(questions)
        open_ones = set(range(len(questions)))
        while open_ones and (left := end - time.monotonic()) > 0:
            with suppress(queue.Empty):
                number, reply = heard.get(timeout=left)
                replies[number] = reply
                open_ones.discard(number)
        return replies

    def _limited(self, timeout: float) -> Limited:
        """The nodes in turn, no step of connecting longer than all of them together may take."""
        found: Limited = {}
        for place in self._nodes.in_turn():
            parameters = copy(self._nodes.parameters[place])
            parameters.socket_timeout = parameters.stack_timeout = timeout / len(self._nodes.names)
            parameters.blocked_connection_timeout = timeout
            found[self._nodes.names[place]] = parameters
        return found


class _Call:
    """One connection and the questions on it: a channel for each exchange."""

    def __init__(
        self,
        nodes: Limited,
        questions: Sequence[Question],
        end: float,
        heard: _Answers,
    ) -> None:
        self._nodes = nodes
        self._end = end
        self._heard = heard
        self._open = [_Asked(number, question) for number, question in enumerate(questions)]

    def run(self) -> None:
        """Ask, and hand on each answer; what is without one is left to the time.

        What a node that breaks has not answered is asked again through the next one.
        """
        failure: SavError | None = None
        for node, parameters in self._nodes.items():
            try:
                with translating_errors(node, "", waits=""):
                    self._ask_through(parameters)
            except BrokerUnavailable as problem:
                failure = problem
            except SavError as problem:
                failure = problem
                break
            else:
                return
        for one in list(self._open):
            self._settle(one, ServiceReply(None, failure.message if failure else LATE))

    def _ask_through(self, parameters: pika.URLParameters) -> None:
        connection = pika.BlockingConnection(parameters)
        try:
            self._talk(connection)
        finally:
            with suppress(AMQPError, OSError):
                connection.close()

    def _talk(self, connection: Any) -> None:
        channels: dict[str, Any] = {}
        for exchange in {one.question.exchange: None for one in self._open}:
            channels[exchange] = connection.channel()
            with suppress(ChannelClosedByBroker):
                self._publish(channels[exchange], exchange)
        while True:
            for one in list(self._open):
                if channels[
                    one.question.exchange
                ].is_closed:  # no such exchange, or no right to it
                    self._settle(one, ServiceReply(None, NOBODY))
            left = self._end - time.monotonic()
            if not self._open or left <= 0:
                return
            connection.process_data_events(time_limit=left)

    def _publish(self, channel: Any, exchange: str) -> None:
        channel.exchange_declare(exchange, passive=True)
        marks = {one.mark: one for one in self._open if one.question.exchange == exchange}

        def on_reply(_: Any, __: Any, properties: Any, body: bytes) -> None:
            if (one := marks.get(properties.correlation_id)) is not None:
                self._settle(one, ServiceReply(body))

        def on_return(_: Any, __: Any, properties: Any, ___: bytes) -> None:
            if (one := marks.get(properties.correlation_id)) is not None:
                self._settle(one, ServiceReply(None, NOBODY))

        channel.add_on_return_callback(on_return)
        channel.basic_consume(_REPLY_TO, on_reply, auto_ack=True)
        for one in marks.values():
            question, properties = one.question, self._properties(one)
            channel.basic_publish(
                exchange, question.routing_key, question.body, properties, mandatory=True
            )

    def _settle(self, one: _Asked, reply: ServiceReply) -> None:
        """The first answer counts."""
        if one in self._open:
            self._open.remove(one)
            self._heard.put((one.number, reply))

    def _properties(self, one: _Asked) -> pika.BasicProperties:
        left = max(self._end - time.monotonic(), 0.001)
        return pika.BasicProperties(
            content_type="application/json",
            correlation_id=one.mark,
            reply_to=_REPLY_TO,
            expiration=str(max(1, round(left * 1000))),
            message_id=str(uuid4()),
            app_id=APP_ID,
        )


class _Asked:
    """A question under way, by the mark that its answer must bear."""

    def __init__(self, number: int, question: Question) -> None:
        self.number = number
        self.question = question
        self.mark = str(uuid4())
