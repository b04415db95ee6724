"""Services that answer questions on a real broker, as well as they are told to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Self

import pika

Answers = Callable[[dict[str, Any], str], Sequence[tuple[bytes, str]]]


def found_order(**fields: Any) -> Answers:
    """Every order is known, and the asking customer's; fields override."""

    def answer(data: dict[str, Any], mark: str) -> list[tuple[bytes, str]]:
        order = {**data, "status": "paid", "total": 120.5, "currency": "EUR", **fields}
        return [(json.dumps({"found": True, "order": order}).encode(), mark)]

    return answer


def found_user(**fields: Any) -> Answers:
    """Every user is known."""

    def answer(data: dict[str, Any], mark: str) -> list[tuple[bytes, str]]:
        person = {"email": "ada@example.org", "firstname": "Ada", "lastname": "Byron"}
        return [(json.dumps({"found": True, "user": {**data, **person, **fields}}).encode(), mark)]

    return answer


def nobody(_: dict[str, Any], mark: str) -> list[tuple[bytes, str]]:
    """Neither order nor user is known."""
    return [(b'{"found": false}', mark)]


def saying(body: bytes) -> Answers:
    """Always the same."""
    return lambda _, mark: [(body, mark)]


class Responder:
    """A service that answers in a thread of its own until the block ends."""

    def __init__(self, url: str, exchange: str, key: str, answers: Answers) -> None:
        self.answers = answers
        self.delay = 0.0
        self.asked: list[dict[str, Any]] = []
        self._parameters = pika.URLParameters(url)
        self._exchange, self._key = exchange, key
        self._is_ready, self._is_over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._is_ready.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join(20)

    def _run(self) -> None:
        connection = pika.BlockingConnection(self._parameters)
        channel = connection.channel()
        channel.exchange_declare(self._exchange, "topic", durable=True)
        queue = channel.queue_declare("", exclusive=True).method.queue
        channel.queue_bind(queue, self._exchange, self._key)
        channel.basic_consume(queue, self._on_question, auto_ack=True)
        self._is_ready.set()
        while not self._is_over.is_set():
            connection.process_data_events(time_limit=0.05)
        connection.close()

    def _on_question(self, channel: Any, _: Any, properties: Any, body: bytes) -> None:
        question = json.loads(body)
        self.asked.append(question)
        time.sleep(self.delay)
        for reply, mark in self.answers(question["data"], properties.correlation_id):
            channel.basic_publish(
                "", properties.reply_to, reply, pika.BasicProperties(correlation_id=mark)
            )


def orders_service(url: str, answers: Answers) -> Responder:
    """The orders service."""
    return Responder(url, "orders_exchange", "orders.query.get", answers)


def auth_service(url: str, answers: Answers) -> Responder:
    """The auth service."""
    return Responder(url, "auth_exchange", "auth.query.get", answers)
