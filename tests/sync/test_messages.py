"""How messages are read: what can never work is named by its field, never by its value."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from savctl.domain.sync.messages import (
    LARGEST_MESSAGE,
    Message,
    OrderFact,
    UnknownEvent,
    UnusableMessage,
    UserFact,
    read_message,
)
from tests.sync.outside import envelope, gone, order, user

LARGEST_ID = 2**64 - 1


def read(body: bytes) -> Message:
    return read_message(body, largest=LARGEST_MESSAGE, largest_id=LARGEST_ID)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"not json", "not JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[]", "not a JSON object"),
        (b'{"event": "UserCreated", "timestamp": NaN}', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"{}", "no event"),
        (b'{"event": 7}', "event is not text"),
        (b'{"event": "UserDeleted"}', "no timestamp"),
        (gone(at="yesterday"), "timestamp is not a time"),
        (gone(at="2025-10-03T10:00:00"), "timestamp is not a time"),
        (gone(at="2025-13-03T10:00:00Z"), "timestamp is not a time"),
        (b'{"event": "UserDeleted", "timestamp": "2025-10-03T10:00:00Z"}', "no data"),
        (gone(0), "user_id is not a whole number"),
        (gone(2**64), "user_id is not a whole number"),
        (user(True), "user_id is not a whole number"),
        (user("456"), "user_id is not a whole number"),  # type: ignore[arg-type]
        (user(email=None), "email is not text"),
        (user(email=""), "email is empty"),
        (user(email="x" * 256), "email has 256 characters"),
        (user(lastname="a\0b"), "lastname contains a NUL"),
        (user(firstname="\ud800"), "firstname is not valid UTF-8"),
        (envelope("UserCreated", {"user_id": 1, "email": "a@b.c"}), "no firstname"),
        (order(total="12,50"), "total is not a number"),
        (order(total=-1), "total is not a number"),
        (order(total=True), "total is not a number"),
        (order(total=10**20), "total is not a number"),
        (order(currency=None), "currency is not text"),
        (order(delivered_at="soon"), "delivered_at is not a time"),
        (order(payment_status=5), "payment_status is not text"),
        (b" " * (LARGEST_MESSAGE + 1), f"{LARGEST_MESSAGE + 1} bytes"),
    ],
)
def test_a_message_that_can_never_work_says_which_field_is_wrong(body: bytes, reason: str) -> None:
    with pytest.raises(UnusableMessage) as raised:
        read(body)

    assert raised.value.message.startswith(reason)
    assert "ada@" not in raised.value.message


def test_unknown_keys_and_unknown_events_are_no_mistake() -> None:
    found = read(user(456, phone="+49 1", roles=["admin"]))

    assert isinstance(found, UserFact)
    assert (found.user_id, found.email) == (456, "ada@example.org")
    assert read(b'{"event": "UserLoggedIn", "more": 1}') == UnknownEvent("UserLoggedIn")


@pytest.mark.parametrize(
    ("total", "kept"), [(120, 120), (120.5, 120.5), ("120.50", "120.50"), (0, 0)]
)
def test_a_total_is_a_number_or_digits_and_is_kept_as_it_was_sent(total: Any, kept: Any) -> None:
    found = read(order(total=total))

    assert isinstance(found, OrderFact)
    member = found.order.as_member(found.at)
    assert member["total"] == kept
    assert list(member) == [
        *("order_id", "status", "total", "currency"),
        *("payment_status", "delivered_at", "as_of"),
    ]


def test_only_a_failed_payment_is_a_payment_failure() -> None:
    for body, failed in (
        (order(event="OrderPaymentFailed"), True),
        (order(payment_status="failed"), True),
        (order(payment_status="paid"), False),
        (order(), False),
    ):
        found = read(body)
        assert isinstance(found, OrderFact)
        assert found.order.is_payment_failed is failed


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        ("2025-10-03T12:00:00+02:00", "2025-10-03T10:00:00Z"),
        ("2025-10-03T10:00:00.123456789Z", "2025-10-03T10:00:00.123456Z"),
        ("2025-10-03t10:00:00.5z", "2025-10-03T10:00:00.500000Z"),
    ],
)
def test_times_of_every_zone_and_fraction_are_read(at: str, shown: str) -> None:
    found = read(order(at=at))

    assert isinstance(found, OrderFact)
    assert found.order.as_member(found.at)["as_of"] == shown


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)


@given(
    field=st.sampled_from(["user_id", "order_id", "status", "total", "currency", "delivered_at"]),
    value=_JSON,
    raw=st.binary(max_size=40),
)
def test_rubbish_is_unusable_and_nothing_else(field: str, value: object, raw: bytes) -> None:
    message = json.loads(order())
    message["data"][field] = value
    for body in (
        raw,
        json.dumps(message).encode(),
        json.dumps({**message, field: value}).encode(),
    ):
        with suppress(UnusableMessage):
            read(body)
