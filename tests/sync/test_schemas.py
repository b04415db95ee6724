"""`savctl event schema` describes what other services send as strictly as it is read."""

from __future__ import annotations

import json

import pytest

from savctl.domain.sync.messages import LARGEST_MESSAGE, UnusableMessage, read_message
from savctl.domain.sync.schemas import sync_schemas
from tests.conftest import Cli
from tests.sync.outside import gone, order, user

MESSAGES = [
    *(user(event=event) for event in ("UserCreated", "UserUpdated")),
    gone(),
    *(
        order(event=event)
        for event in (
            *("OrderCreated", "OrderUpdated", "OrderDelivered"),
            *("OrderCancelled", "OrderPaymentFailed"),
        )
    ),
]


@pytest.mark.parametrize("body", MESSAGES)
def test_the_keys_that_a_schema_requires_are_those_without_which_a_message_is_unusable(
    body: bytes,
) -> None:
    message = json.loads(body)
    schema = sync_schemas()[message["event"]]
    data = schema["properties"]["data"]
    assert set(message["data"]) == set(data["required"])

    for key in data["required"]:
        without = {name: value for name, value in message["data"].items() if name != key}
        with pytest.raises(UnusableMessage, match=f"no {key}"):
            read_message(
                json.dumps({**message, "data": without}).encode(),
                largest=LARGEST_MESSAGE,
                largest_id=1000,
            )


@pytest.mark.only_on("sqlite")
def test_machines_read_every_schema_from_the_command_line(cli: Cli) -> None:
    every = json.loads(cli("event", "schema", "-o", "json").out)
    one = json.loads(cli("event", "schema", "orderreply", "-o", "json").out)

    assert set(sync_schemas()) < set(every)
    assert "TicketCreated" in every
    assert one["properties"]["order"]["required"][:2] == ["order_id", "user_id"]
    assert one["required"] == ["found"]
