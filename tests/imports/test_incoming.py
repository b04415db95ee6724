"""What a foreign row must hold to become a ticket, and what is made of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from savctl.domain.imports.imported_ticket import ImportContext, Incoming, parse_imported
from savctl.domain.imports.timestamp_formats import Stamps
from savctl.domain.model.states import Status
from savctl.domain.sla import targets
from savctl.errors import InvalidInput
from savctl.html import clean
from tests.given import DAY, NOW

AGO = "2025-09-01T08:00:00Z"
LATER = "2025-09-03T08:00:00Z"
LAST = "2025-09-04T09:00:00Z"


def read(*, keeps_times: bool = True, publishes: bool = False, **fields: Any) -> Incoming:
    """One row, complete but for what the test says."""
    row: dict[str, Any] = {
        "external_id": "OLD-1",
        "user_id": "456",
        "subject": "Order not received",
        "description": "Where is it?",
        "created_at": AGO,
        **fields,
    }
    terms = ImportContext(
        now=NOW,
        source="old",
        stamps=Stamps(),
        clean=clean,
        keeps_times=keeps_times,
        publishes=publishes,
    )
    return parse_imported(row, {"channel": "mail", "floor": None}, number="TKT-DRAWN", terms=terms)


def test_an_open_row_becomes_an_open_ticket_with_its_times() -> None:
    row = read()

    ticket = row.decision.ticket
    assert (ticket.ticket_number, ticket.status, ticket.user_id) == ("TKT-DRAWN", Status.OPEN, 456)
    assert ticket.created_at == ticket.updated_at == NOW.replace(month=9, day=1, hour=8, minute=0)
    assert ticket.metadata["imported"] == {
        "source": "old",
        "external_id": "OLD-1",
        "at": "2025-10-03T10:30:00Z",
    }
    assert ticket.metadata["channel"] == "mail"
    assert "floor" not in ticket.metadata


def test_history_says_imported_and_nobody_is_notified() -> None:
    decision = read(status="resolved", resolved_at=LATER).decision

    entry = decision.ticket.metadata.history[-1]
    assert (entry.action, entry.before, entry.after) == ("imported", None, "resolved")
    assert entry.reason == "imported from old"
    assert decision.ticket.entered_status_at == decision.ticket.resolved_at
    assert decision.events == ()


def test_asked_to_it_tells_that_a_ticket_was_created() -> None:
    events = read(status="resolved", resolved_at=LATER, publishes=True).decision.events

    assert [type(event).__name__ for event in events] == ["TicketCreated"]


def test_without_keeping_times_everything_is_now() -> None:
    ticket = read(keeps_times=False, status="closed", closed_at=LAST).decision.ticket

    assert ticket.created_at == ticket.resolved_at == ticket.closed_at == NOW


@pytest.mark.parametrize(
    ("fields", "stamps"),
    [
        ({"status": "resolved"}, ("2025-09-01", None)),
        ({"status": "resolved", "updated_at": LATER}, ("2025-09-03", None)),
        ({"status": "closed", "resolved_at": LATER}, ("2025-09-03", "2025-09-03")),
        (
            {"status": "closed", "resolved_at": LATER, "closed_at": LAST},
            ("2025-09-03", "2025-09-04"),
        ),
        ({"status": "closed", "updated_at": LAST}, (None, "2025-09-04")),
    ],
)
def test_stamps_follow_the_status(fields: dict[str, Any], stamps: tuple[Any, Any]) -> None:
    ticket = read(**fields).decision.ticket

    found = [moment and f"{moment:%Y-%m-%d}" for moment in (ticket.resolved_at, ticket.closed_at)]
    assert tuple(found) == stamps


def test_stamps_that_contradict_the_status_are_left_out_and_reported() -> None:
    row = read(status="open", assigned_to="10", resolved_at=LATER, closed_at=LAST)

    ticket = row.decision.ticket
    assert (ticket.assigned_to, ticket.resolved_at, ticket.closed_at) == (None, None, None)
    assert len(row.remarks) == 3


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"user_id": None}, "user_id is missing"),
        ({"user_id": "Caller 5"}, "user_id 'Caller 5' is not a whole number"),
        ({"user_id": "0"}, "user_id must be a whole number from 1"),
        ({"user_id": "9" * 30}, "user_id must be"),
        ({"user_id": "-4"}, "not a whole number"),
        ({"user_id": True}, "not a whole number"),
        ({"subject": ""}, "subject is empty"),
        ({"subject": "x" * 256}, "subject has 256 characters"),
        ({"subject": ["x"]}, "subject is not text"),
        ({"subject": "a\0b"}, "NUL"),
        ({"subject": "\udc80"}, "not valid UTF-8"),
        ({"description": None}, "description is empty"),
        ({"description": "é" * 40_000}, "description has 80000 bytes"),
        ({"description": "<script>alert(1)</script>"}, "description is empty"),
        ({"status": "done"}, "unknown status 'done'; known: open"),
        ({"priority": "P1"}, "unknown priority 'P1'"),
        ({"status": "in_progress"}, "needs an agent"),
        ({"status": "waiting_customer"}, "needs an agent"),
        ({"created_at": None}, "created_at is missing"),
        ({"created_at": "soon"}, "created_at: 'soon' is not a time"),
        ({"created_at": "1950-01-01"}, "1970 to 2038"),
        ({"created_at": "2037-01-01"}, "in the future"),
        ({"status": "resolved", "resolved_at": "2025-08-01"}, "is before created_at"),
        (
            {"status": "closed", "resolved_at": LAST, "closed_at": LATER},
            "closed_at 2025-09-03T08:00:00Z is before resolved_at",
        ),
        ({"external_id": " "}, "external_id is missing"),
        ({"external_id": "x" * 192}, "external_id has 192 characters"),
        ({"metadata": "[1]"}, "metadata is not a JSON object"),
        ({"metadata": "{'a': 1}"}, "metadata is not JSON"),
        ({"metadata": '{"a": NaN}'}, "metadata is not JSON"),
        ({"metadata": '{"a": "\\ud800"}'}, "half a character"),
        ({"category": "x" * 256}, "category has 256"),
    ],
)
def test_a_bad_row_is_refused_with_its_reason(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(**fields)

    assert reason in refused.value.message


def test_metadata_is_kept_but_an_old_history_is_put_aside() -> None:
    ticket = read(metadata='{"vip": true, "history": [{"x": 1}]}').decision.ticket

    assert ticket.metadata["vip"] is True
    assert ticket.metadata["imported_history"] == [{"x": 1}]
    assert len(ticket.metadata.history) == 1


def test_the_sla_clock_goes_on_where_the_stamps_say() -> None:
    opened = read().decision.ticket
    waiting = read(status="waiting_customer", assigned_to="10", updated_at=LATER).decision.ticket
    closed = read(status="closed", resolved_at=LATER, closed_at=LAST).decision.ticket

    assert targets.resolution_elapsed(opened, until=NOW) == NOW - opened.created_at  # type: ignore[operator]
    assert targets.resolution_elapsed(waiting, until=NOW) == 2 * DAY
    assert targets.resolution_elapsed(closed, until=NOW) == 2 * DAY


def test_silence_goes_on_where_the_stamps_say() -> None:
    waiting = read(status="waiting_customer", assigned_to="10", updated_at=LATER).decision.ticket

    assert NOW - waiting.entered_status_at > timedelta(days=7)  # type: ignore[operator]
