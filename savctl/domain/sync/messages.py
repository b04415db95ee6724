"""Messages of the auth service and the orders service, read strictly (rules 14.1, 14.3).

A message that can never work is an `UnusableMessage`; its reason names fields, never values.
Keys that nobody knows are ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from savctl.domain.sync.fields import (
    LARGEST_MESSAGE,
    UnusableMessage,
    instant_field,
    json_object,
    object_field,
    person_id,
    read_order,
    read_user,
    text_field,
)
from savctl.domain.sync.orders import FAILED, OrderFacts

__all__ = ["LARGEST_MESSAGE", "Message", "UnusableMessage", "read_message"]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFact:
    """A user as the auth service knows them since `at`."""

    user_id: int
    email: str
    firstname: str
    lastname: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UserGone:
    """The auth service deleted a user."""

    user_id: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFact:
    """An order as the orders service knows it since `at`."""

    order: OrderFacts
    at: datetime


@dataclass(frozen=True, slots=True)
class UnknownEvent:
    """An event that savctl has no use for."""

    event: str


Message = UserFact | UserGone | OrderFact | UnknownEvent
_Data = Mapping[str, Any]


def read_message(body: bytes, *, largest: int, largest_id: int) -> Message:
    """The message that a body holds.

    Args:
        body: as it came.
        largest: bytes; more are refused unread.
        largest_id: the largest id that the database can hold.

    Raises:
        UnusableMessage: it can never work.
    """
    if len(body) > largest:
        raise UnusableMessage(f"{len(body)} bytes; at most {largest} are read")
    envelope = json_object(body)
    event = text_field(envelope, "event")
    read = _READERS.get(event)
    if read is None:
        return UnknownEvent(event)
    try:
        at = instant_field(envelope, "timestamp")
        return read(event, object_field(envelope, "data"), at, largest_id)
    except UnusableMessage as problem:
        raise UnusableMessage(problem.message, event=event) from None


def _user(_: str, data: _Data, at: datetime, largest_id: int) -> Message:
    user_id, email, firstname, lastname = read_user(data, largest_id)
    return UserFact(user_id=user_id, email=email, firstname=firstname, lastname=lastname, at=at)


def _gone(_: str, data: _Data, at: datetime, largest_id: int) -> Message:
    return UserGone(user_id=person_id(data, "user_id", largest_id), at=at)


def _order(event: str, data: _Data, at: datetime, largest_id: int) -> Message:
    failed = FAILED if event == "OrderPaymentFailed" else None
    return OrderFact(order=read_order(data, largest_id, payment_status=failed), at=at)


_READERS: Mapping[str, Callable[[str, _Data, datetime, int], Message]] = MappingProxyType(
    {
        "UserCreated": _user,
        "UserUpdated": _user,
        "UserDeleted": _gone,
        "OrderCreated": _order,
        "OrderUpdated": _order,
        "OrderDelivered": _order,
        "OrderCancelled": _order,
        "OrderPaymentFailed": _order,
    }
)
