"""What other services send, as they write it."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pika

from savctl.ports import QueueMessage

AT = "2025-10-03T10:00:00Z"
USERS, ORDERS = "sav.users", "sav.orders"


def user(user_id: int = 456, *, at: str = AT, event: str = "UserUpdated", **fields: Any) -> bytes:
    """A message about a user."""
    data = {
        "user_id": user_id,
        "email": "ada@example.org",
        "firstname": "Ada",
        "lastname": "Byron",
        **fields,
    }
    return envelope(event, data, at=at)


def gone(user_id: int = 456, *, at: str = AT) -> bytes:
    """A user was deleted."""
    return envelope("UserDeleted", {"user_id": user_id}, at=at)


def order(
    order_id: int = 789, *, at: str = AT, event: str = "OrderUpdated", **fields: Any
) -> bytes:
    """A message about an order."""
    data = {
        "order_id": order_id,
        "user_id": 456,
        "status": "shipped",
        "total": 120.5,
        "currency": "EUR",
        **fields,
    }
    return envelope(event, data, at=at)


def envelope(event: str, data: dict[str, Any], *, at: str = AT) -> bytes:
    return json.dumps({"event": event, "timestamp": at, "data": data}).encode()


def came(
    body: bytes, *, queue: str = USERS, message_id: str | None = "new", tag: int = 1
) -> QueueMessage:
    """A delivered message, by default with an id of its own."""
    name = uuid4().hex if message_id == "new" else message_id
    return QueueMessage(queue=queue, tag=tag, body=body, message_id=name)


class Service:
    """Another service on the broker: it publishes."""

    def __init__(self, url: str, *, exchanges: bool = True) -> None:
        self._connection = pika.BlockingConnection(pika.URLParameters(url))
        self._channel = self._connection.channel()
        self._channel.confirm_delivery()
        if exchanges:
            for name in ("auth_exchange", "orders_exchange"):
                self._channel.exchange_declare(name, "topic", durable=True)

    def send(self, body: bytes, *, message_id: str | None = "new") -> None:
        """Publish a message about a user or an order."""
        exchange, key = ("auth_exchange", "auth.user.updated")
        if b'"Order' in body:
            exchange, key = "orders_exchange", "orders.order.updated"
        name = uuid4().hex if message_id == "new" else message_id
        properties = pika.BasicProperties(delivery_mode=2, message_id=name)
        self._channel.basic_publish(exchange, key, body, properties, mandatory=True)

    def close(self) -> None:
        """Leave the broker."""
        self._connection.close()
