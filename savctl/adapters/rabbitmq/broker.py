"""RabbitMQ: persistent, mandatory, confirmed in a window (rules 8.3; design 5.13).

Nothing here waits without a limit: connecting, a blocked connection and a silent peer all end
in `BrokerGone`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from functools import partial

import pika

from savctl.adapters.rabbitmq.nodes import Nodes
from savctl.adapters.rabbitmq.parameters import RabbitSettings
from savctl.adapters.rabbitmq.publisher import APP_ID, EXCHANGE, PublisherOptions, RabbitPublisher
from savctl.domain.events.publish_window import Window
from savctl.ports import BrokerUnavailable

__all__ = ["APP_ID", "EXCHANGE", "RabbitBroker", "RabbitPublisher", "RabbitSettings"]

logging.getLogger("pika").setLevel(logging.CRITICAL)  # every failure is reported in our words


class RabbitBroker:
    """The service's exchange on a RabbitMQ server, or on a cluster of them."""

    def __init__(self, settings: RabbitSettings) -> None:
        self._settings = settings
        self._nodes = Nodes(settings)
        self.name = self._nodes.name

    def connect(self, *, held: Iterable[int] = ()) -> RabbitPublisher:
        """Open a line to a node that answers, once the exchange has been checked there."""
        held = list(held)
        return self._nodes.open(partial(self._line, held=held, makes=self._settings.declares))

    def declare(self) -> None:
        """Make the durable topic exchange, if it is not there."""
        self._nodes.open(partial(self._line, makes=True)).close()

    def check(self) -> None:
        """Pass when the exchange is there."""
        self._nodes.open(self._line).close()

    def check_each(self) -> Mapping[str, BrokerUnavailable | None]:
        """Look at every node; a reason for each that does not answer."""
        found: dict[str, BrokerUnavailable | None] = {}
        for parameters, node in zip(self._nodes.parameters, self._nodes.names, strict=True):
            try:
                self._line(parameters, node).close()
            except BrokerUnavailable as problem:
                found[node] = problem
            else:
                found[node] = None
        return found

    def _line(
        self,
        parameters: pika.URLParameters,
        node: str,
        *,
        held: Iterable[int] = (),
        makes: bool = False,
    ) -> RabbitPublisher:
        """An open line to this node.

        pika's blocking connection is not used to look for the exchange: it waits for ever for a
        broker that answers heartbeats and nothing else.
        """
        terms = PublisherOptions(
            connect_seconds=parameters.stack_timeout,
            largest_bytes=self._settings.largest_bytes,
            makes_exchange=makes,
        )
        window = Window(self._settings.window, held=held)
        return RabbitPublisher(parameters, terms, window, node).open()
