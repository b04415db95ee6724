"""The floor under the relay: pika alone, persistent, mandatory and confirmed in a window.

It reads nothing, keeps no order and writes nothing down: messages that are in memory already go
out as fast as pika sends them.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pika

_PERSISTENT = 2


@dataclass(frozen=True, slots=True)
class Message:
    """What one event looks like on the wire."""

    id: int
    event_id: str
    event: str
    routing_key: str
    ticket_id: int
    body: str
    at: int


def publish(url: str, exchange: str, messages: Sequence[Message], *, window: int) -> float:
    """Publish all; answers the seconds until the last one was confirmed."""
    return _Line(exchange, messages, window).run(url)


class _Line:
    def __init__(self, exchange: str, messages: Sequence[Message], window: int) -> None:
        self._exchange = exchange
        self._messages = messages
        self._window = window
        self._sent = self._confirmed = self._returned = 0
        self._channel: Any = None
        self._connection: Any = None

    def run(self, url: str) -> float:
        started = time.perf_counter()
        self._connection = pika.SelectConnection(
            pika.URLParameters(url),
            on_open_callback=lambda c: c.channel(on_open_callback=self._on_channel),
            on_close_callback=lambda c, _: c.ioloop.stop(),
        )
        self._connection.ioloop.start()
        if self._confirmed != len(self._messages) or self._returned:
            sys.exit("the floor: not every message was taken")
        return time.perf_counter() - started

    def _on_channel(self, channel: Any) -> None:
        self._channel = channel
        channel.add_on_return_callback(self._on_return)
        channel.confirm_delivery(self._on_confirm, callback=lambda _: self._fill())

    def _fill(self) -> None:
        last = min(self._confirmed + self._window, len(self._messages))
        while self._sent < last:
            message = self._messages[self._sent]
            self._sent += 1
            self._channel.basic_publish(
                self._exchange,
                message.routing_key,
                message.body.encode(),
                properties=pika.BasicProperties(
                    content_type="application/json",
                    content_encoding="utf-8",
                    delivery_mode=_PERSISTENT,
                    message_id=message.event_id,
                    type=message.event,
                    app_id="savctl",
                    timestamp=message.at,
                    headers={"x-ticket-id": message.ticket_id, "x-sequence": message.id},
                ),
                mandatory=True,
            )

    def _on_return(self, *_: object) -> None:
        self._returned += 1

    def _on_confirm(self, frame: Any) -> None:
        # Tags count up from one; a multiple ack tells of all before it.
        if frame.method.multiple:
            self._confirmed = max(self._confirmed, frame.method.delivery_tag)
        else:
            self._confirmed += 1
        self._fill()
        if self._confirmed == len(self._messages):
            self._connection.close()
