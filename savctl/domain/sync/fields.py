"""The fields of messages and replies: each is there and of its kind, or nothing is used."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NoReturn

from savctl.domain import text, times
from savctl.domain.sync.orders import OrderFacts, time_text
from savctl.errors import InvalidInput

LARGEST_MESSAGE = 256 * 1024
_DIGITS = re.compile(r"[0-9]{1,15}(\.[0-9]{1,10})?")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")
_LARGEST_AMOUNT = Decimal(10**15)
_Object = Mapping[str, Any]


class UnusableMessage(InvalidInput):
    """A message that can never work; `event` is what it calls itself, where that is known."""

    code = "unusable_message"

    def __init__(self, message: str, *, event: str | None = None) -> None:
        super().__init__(message)
        self.event = event


def json_object(body: bytes) -> _Object:
    """The JSON object of a body; numbers keep their digits."""
    try:
        found = json.loads(body.decode(), parse_float=Decimal, parse_constant=_refuse)
    except UnicodeDecodeError:
        raise UnusableMessage("not UTF-8") from None
    except (ValueError, RecursionError):
        raise UnusableMessage("not JSON") from None
    if not isinstance(found, dict):
        raise UnusableMessage("not a JSON object")
    return found


def object_field(holder: _Object, name: str) -> _Object:
    """An object."""
    found = _field(holder, name)
    return found if isinstance(found, dict) else _wrong(name, "an object")


def text_field(holder: _Object, name: str, *, may_be_empty: bool = False) -> str:
    """A text that a column of 255 characters can hold."""
    found = _field(holder, name)
    if not isinstance(found, str):
        _wrong(name, "text")
    if found or not may_be_empty:
        try:
            text.line(name, found)
        except InvalidInput as problem:
            raise UnusableMessage(problem.message) from None
    return str(found)


def person_id(holder: _Object, name: str, largest_id: int) -> int:
    """The id of a user or an order, no larger than the database can hold."""
    found = _field(holder, name)
    if isinstance(found, bool) or not isinstance(found, int) or not 1 <= found <= largest_id:
        _wrong(name, f"a whole number from 1 to {largest_id}")
    return int(found)


def instant_field(holder: _Object, name: str) -> datetime:
    """An instant of RFC 3339, with its zone."""
    found = _field(holder, name)
    if not isinstance(found, str) or not _TIME.fullmatch(found):
        _wrong(name, "a time such as 2025-10-03T10:30:00Z")
    whole, _, rest = found.partition(".")
    if rest:  # Python reads three or six digits
        digits = re.match(r"\d+", rest)
        fraction = digits[0] if digits else ""
        found = f"{whole}.{fraction[:6]:0<6}{rest[len(fraction) :]}"
    try:
        moment = datetime.fromisoformat(found.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        _wrong(name, "a time such as 2025-10-03T10:30:00Z")
    return moment if times.FIRST <= moment < times.LAST else _wrong(name, "a time from 1970 on")


def read_user(data: _Object, largest_id: int) -> tuple[int, str, str, str]:
    """A user: id, e-mail address, first name, last name."""
    return (
        person_id(data, "user_id", largest_id),
        text_field(data, "email"),
        text_field(data, "firstname", may_be_empty=True),
        text_field(data, "lastname", may_be_empty=True),
    )


def read_order(data: _Object, largest_id: int, *, payment_status: str | None = None) -> OrderFacts:
    """An order; `payment_status` is what the event itself says of it."""
    total, amount = _amount(data)
    delivered_at, stated = data.get("delivered_at"), data.get("payment_status")
    return OrderFacts(
        order_id=person_id(data, "order_id", largest_id),
        user_id=person_id(data, "user_id", largest_id),
        status=text_field(data, "status"),
        total=total,
        amount=amount,
        currency=text_field(data, "currency"),
        payment_status=payment_status
        or (None if stated is None else text_field(data, "payment_status")),
        delivered_at=None
        if delivered_at is None
        else time_text(instant_field(data, "delivered_at")),
    )


def _amount(data: _Object) -> tuple[int | float | str, Decimal]:
    """A total as it is written, and its value."""
    found = _field(data, "total")
    if isinstance(found, str) and _DIGITS.fullmatch(found):
        return found, Decimal(found)
    if isinstance(found, int | Decimal) and not isinstance(found, bool):
        value = Decimal(found)
        if 0 <= value <= _LARGEST_AMOUNT:
            return (found if isinstance(found, int) else float(found)), value
    return _wrong("total", "a number from 0, or decimal digits as text")


def _field(holder: _Object, name: str) -> Any:
    if name not in holder:
        raise UnusableMessage(f"no {name}")
    return holder[name]


def _wrong(name: str, wanted: str) -> NoReturn:
    raise UnusableMessage(f"{name} is not {wanted}")


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
