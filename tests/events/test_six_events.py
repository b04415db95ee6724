"""A ticket's whole life at a queue of another service: the specification's six events, exactly."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.operation import Operation
from savctl.usecases.sla.escalating import escalate
from savctl.usecases.tickets.assignment import assign_ticket
from savctl.usecases.tickets.conversation import add_message
from savctl.usecases.tickets.transitions import move_ticket
from tests.events.conftest import Relay
from tests.given import created
from tests.servers.brokers.consumer import Consumer

SPECIFICATION = Path(__file__).parents[3] / "shared" / "spec" / "sav-service.md"
HEAD = ("ticket_id", "ticket_number")
KEYS: Mapping[str, tuple[str, ...]] = {
    "TicketCreated": (
        *HEAD,
        "user_id",
        "subject",
        "priority",
        "status",
        "order_id",
        "category",
    ),
    "TicketAssigned": (*HEAD, "assigned_to", "assigned_by", "previous_status", "new_status"),
    "TicketStatusChanged": (
        *HEAD,
        "user_id",
        "previous_status",
        "new_status",
        "changed_by",
        "reason",
    ),
    "TicketResolved": (
        *HEAD,
        "user_id",
        "resolved_by",
        "resolution_time_minutes",
        "sla_met",
        "category",
    ),
    "MessageAdded": (
        *HEAD,
        "message_id",
        "sender_id",
        "sender_type",
        "is_internal",
        "has_attachments",
        "attachment_count",
    ),
    "TicketSLABreach": (
        *HEAD,
        "priority",
        "sla_type",
        "expected_minutes",
        "actual_minutes",
        "assigned_to",
    ),
}


def whole_life(database: Database, clock: SetClock) -> None:
    """Created, late, assigned, answered, solved."""
    ticket = created(database, clock, priority=Priority.HIGH, order_id=789, category="shipping")
    clock.advance(timedelta(hours=5))
    escalate(database, clock, terms=BatchContext(report=BatchReport()))
    assign_ticket(Operation(database, clock, actor=5), ticket.id, to=10)
    add_message(Operation(database, clock), ticket.id, sender=("agent", 10), body="On its way.")
    clock.advance(timedelta(minutes=1))
    move_ticket(
        Operation(database, clock, actor=10), ticket.id, Status.RESOLVED, reason="sent again"
    )


def shape(value: Any) -> Any:
    """The text with its values taken out, by kind: what is left must be equal byte for byte."""
    if isinstance(value, dict):
        return {key: shape(one) for key, one in value.items()}
    return type(value).__name__


def test_the_six_events_of_a_life_arrive_in_order_with_the_specified_keys(
    database: Database, clock: SetClock, relay: Relay, listener: Consumer
) -> None:
    whole_life(database, clock)

    relay()

    bodies = [json.loads(message.body) for message in listener.drain(7)]
    assert [body["event"] for body in bodies] == [
        "TicketCreated",
        "TicketSLABreach",
        "TicketAssigned",
        "TicketStatusChanged",
        "MessageAdded",
        "TicketStatusChanged",
        "TicketResolved",
    ]
    for body in bodies:
        assert tuple(body) == ("event", "timestamp", "data")
        assert tuple(body["data"]) == KEYS[body["event"]]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", body["timestamp"])
    assert {body["data"]["ticket_id"] for body in bodies} == {bodies[0]["data"]["ticket_id"]}
    (late,) = [body["data"] for body in bodies if body["event"] == "TicketSLABreach"]
    assert (late["priority"], late["sla_type"]) == ("high", "response")
    assert (late["expected_minutes"], late["actual_minutes"]) == (240, 300)


def test_each_event_is_the_specifications_example_but_for_its_values(
    database: Database, clock: SetClock, relay: Relay, listener: Consumer
) -> None:
    if not SPECIFICATION.is_file():
        pytest.skip("the specification is not beside the project")
    text = SPECIFICATION.read_text(encoding="utf-8")
    found = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]
    examples = {block["event"]: block for block in found if "event" in block}
    whole_life(database, clock)

    relay()

    answer = {body["event"]: body for body in (json.loads(m.body) for m in listener.drain(7))}
    assert set(answer) == set(examples) == set(KEYS)
    for name, example in examples.items():
        nullable = {k: v for k, v in answer[name]["data"].items() if v is None}
        wanted = shape(example)
        wanted["data"] |= dict.fromkeys(nullable, "NoneType")
        assert json.dumps(shape(answer[name])) == json.dumps(wanted), name
        assert set(nullable) <= {"assigned_to"}, "only a late ticket may have no agent yet"
