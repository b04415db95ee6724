"""Each of the six events equals the specification's own example, but for white space."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from savctl.domain.events.events import (
    EVENTS,
    Event,
    MessageAdded,
    TicketAssigned,
    TicketCreated,
    TicketResolved,
    TicketSLABreach,
    TicketStatusChanged,
    envelope,
)

SPECIFICATION = Path(__file__).resolve().parents[3] / "shared" / "spec" / "sav-service.md"
_SECTION = re.compile(
    r"\*\*Routing Key:\*\* `(?P<key>[^`]+)`\s+\*\*Payload:\*\*\s+```json\n(?P<json>.*?)```", re.S
)


def at(hour: int, minute: int) -> datetime:
    return datetime(2025, 10, 3, hour, minute, 0, 999_999, tzinfo=UTC)


# The event as savctl makes it, when it happens, and the specification's words for it.
EXAMPLES: list[tuple[Event, datetime, str]] = [
    (
        TicketCreated(
            ticket_id=123,
            ticket_number="TKT-ABC123",
            user_id=456,
            subject="Order not received",
            priority="high",
            status="open",
            order_id=789,
            category="shipping",
        ),
        at(10, 30),
        """{"event": "TicketCreated", "timestamp": "2025-10-03T10:30:00Z", "data":
        {"ticket_id": 123, "ticket_number": "TKT-ABC123", "user_id": 456,
        "subject": "Order not received", "priority": "high", "status": "open",
        "order_id": 789, "category": "shipping"}}""",
    ),
    (
        TicketAssigned(
            ticket_id=123,
            ticket_number="TKT-ABC123",
            assigned_to=10,
            assigned_by=5,
            previous_status="open",
            new_status="in_progress",
        ),
        at(10, 35),
        """{"event": "TicketAssigned", "timestamp": "2025-10-03T10:35:00Z", "data":
        {"ticket_id": 123, "ticket_number": "TKT-ABC123", "assigned_to": 10,
        "assigned_by": 5, "previous_status": "open", "new_status": "in_progress"}}""",
    ),
    (
        TicketStatusChanged(
            ticket_id=123,
            ticket_number="TKT-ABC123",
            user_id=456,
            previous_status="in_progress",
            new_status="waiting_customer",
            changed_by=10,
            reason="Requested additional shipping information",
        ),
        at(11, 0),
        """{"event": "TicketStatusChanged", "timestamp": "2025-10-03T11:00:00Z", "data":
        {"ticket_id": 123, "ticket_number": "TKT-ABC123", "user_id": 456,
        "previous_status": "in_progress", "new_status": "waiting_customer",
        "changed_by": 10, "reason": "Requested additional shipping information"}}""",
    ),
    (
        TicketResolved(
            ticket_id=123,
            ticket_number="TKT-ABC123",
            user_id=456,
            resolved_by=10,
            resolution_time_minutes=90,
            sla_met=True,
            category="shipping",
        ),
        at(12, 0),
        """{"event": "TicketResolved", "timestamp": "2025-10-03T12:00:00Z", "data":
        {"ticket_id": 123, "ticket_number": "TKT-ABC123", "user_id": 456,
        "resolved_by": 10, "resolution_time_minutes": 90, "sla_met": true,
        "category": "shipping"}}""",
    ),
    (
        MessageAdded(
            ticket_id=123,
            ticket_number="TKT-ABC123",
            message_id=567,
            sender_id=10,
            sender_type="agent",
            is_internal=False,
            has_attachments=True,
            attachment_count=2,
        ),
        at(10, 45),
        """{"event": "MessageAdded", "timestamp": "2025-10-03T10:45:00Z", "data":
        {"ticket_id": 123, "ticket_number": "TKT-ABC123", "message_id": 567,
        "sender_id": 10, "sender_type": "agent", "is_internal": false,
        "has_attachments": true, "attachment_count": 2}}""",
    ),
    (
        TicketSLABreach(
            ticket_id=123,
            ticket_number="TKT-ABC123",
            priority="high",
            sla_type="response",
            expected_minutes=240,
            actual_minutes=300,
            assigned_to=10,
        ),
        at(13, 0),
        """{"event": "TicketSLABreach", "timestamp": "2025-10-03T13:00:00Z", "data":
        {"ticket_id": 123, "ticket_number": "TKT-ABC123", "priority": "high",
        "sla_type": "response", "expected_minutes": 240, "actual_minutes": 300,
        "assigned_to": 10}}""",
    ),
]
EACH = pytest.mark.parametrize(
    ("event", "moment", "words"), EXAMPLES, ids=[type(e).__name__ for e, _, _ in EXAMPLES]
)


def bare(text: str) -> str:
    """The text without the white space between its tokens."""
    return re.sub(r'("(?:[^"\\]|\\.)*")|\s+', lambda found: found[1] or "", text)


def specified() -> dict[str, tuple[str, str]]:
    """The specification's examples: routing key and JSON text by event."""
    if not SPECIFICATION.is_file():
        pytest.skip(f"the specification is not beside the project: {SPECIFICATION}")
    found = _SECTION.finditer(SPECIFICATION.read_text(encoding="utf-8"))
    return {json.loads(part["json"])["event"]: (part["key"], part["json"]) for part in found}


@EACH
def test_the_envelope_is_the_example_byte_for_byte(
    event: Event, moment: datetime, words: str
) -> None:
    assert bare(envelope(event, at=moment)) == bare(words)


@EACH
@pytest.mark.outside
def test_the_example_is_the_specifications_own(event: Event, moment: datetime, words: str) -> None:
    routing_key, text = specified()[type(event).__name__]

    assert bare(envelope(event, at=moment)) == bare(text)
    assert event.routing_key == routing_key


@pytest.mark.outside
def test_no_specified_event_is_missing() -> None:
    assert set(specified()) == {kind.__name__ for kind in EVENTS}


def test_every_event_has_its_example_here() -> None:
    assert [type(event) for event, _, _ in EXAMPLES] == list(EVENTS)


def test_an_envelope_holds_text_as_it_was_typed() -> None:
    event = EXAMPLES[2][0]
    values = TicketStatusChanged(
        **{name: getattr(event, name) for name in json.loads(EXAMPLES[2][2])["data"]}
        | {"reason": 'Où est "mon" colis ? 📦'}
    )

    text = envelope(values, at=at(11, 0))

    assert 'Où est \\"mon\\" colis ? 📦' in text
