"""Questions to other services and the answers that fit them (rules 14.4, 14.5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from savctl.domain.clock import second_text
from savctl.domain.model.json_text import encode
from savctl.domain.sync.fields import (
    UnusableMessage,
    json_object,
    object_field,
    read_order,
    read_user,
)
from savctl.domain.sync.orders import OrderFacts

RUBBISH = "the answer cannot be used"


class Found(StrEnum):
    """What an answer says."""

    YES = "found"
    NO = "not found"
    UNANSWERED = "no answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAnswer:
    """What is known of an order now; `order` only where it is this customer's."""

    found: Found
    order: OrderFacts | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserAnswer:
    """What is known of a user now; `person` is id, address, first and last name."""

    found: Found
    person: tuple[int, str, str, str] | None = None
    why: str = ""


def order_question(order_id: int, user_id: int, *, at: datetime) -> bytes:
    """Ask the orders service for an order of a customer."""
    return _question("OrderQuery", {"order_id": order_id, "user_id": user_id}, at)


def user_question(user_id: int, *, at: datetime) -> bytes:
    """Ask the auth service for a user."""
    return _question("UserQuery", {"user_id": user_id}, at)


def order_answer(body: bytes | None, why: str, *, order_id: int, user_id: int) -> OrderAnswer:
    """What a reply says about an order; that of another customer is not found.

    A reply that does not fit the question counts as none.
    """
    if body is None:
        return OrderAnswer(found=Found.UNANSWERED, why=why)
    try:
        reply = json_object(body)
        if _is_found(reply.get("found")):
            order = read_order(object_field(reply, "order"), 2**64 - 1)
            if order.order_id != order_id:
                return OrderAnswer(found=Found.UNANSWERED, why=RUBBISH)
            if order.user_id == user_id:
                return OrderAnswer(found=Found.YES, order=order)
    except UnusableMessage as problem:
        return OrderAnswer(found=Found.UNANSWERED, why=f"{RUBBISH}: {problem.message}")
    return OrderAnswer(found=Found.NO)


def user_answer(body: bytes | None, why: str, *, user_id: int) -> UserAnswer:
    """What a reply says about a user; one that does not fit the question counts as none."""
    if body is None:
        return UserAnswer(found=Found.UNANSWERED, why=why)
    try:
        reply = json_object(body)
        if not _is_found(reply.get("found")):
            return UserAnswer(found=Found.NO)
        person = read_user(object_field(reply, "user"), 2**64 - 1)
    except UnusableMessage as problem:
        return UserAnswer(found=Found.UNANSWERED, why=f"{RUBBISH}: {problem.message}")
    if person[0] != user_id:
        return UserAnswer(found=Found.UNANSWERED, why=RUBBISH)
    return UserAnswer(found=Found.YES, person=person)


def _question(event: str, data: dict[str, object], at: datetime) -> bytes:
    return encode({"event": event, "timestamp": second_text(at), "data": data}).encode()


def _is_found(value: object) -> bool:
    if not isinstance(value, bool):
        raise UnusableMessage("found is neither true nor false")
    return value
