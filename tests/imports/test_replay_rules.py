"""What the rules make of recorded events."""

from __future__ import annotations

from typing import Any

import pytest

from savctl.domain.imports.field_mapping import FieldSource
from savctl.domain.imports.replay import decide
from savctl.domain.imports.replay_plan import Deed, LogEvent, ReplayPlan
from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.errors import Refused
from tests.given import AGENT, NOW, OTHER_AGENT, a_ticket

COLUMN = FieldSource(column="c")


def event(deed: Deed, **fields: Any) -> LogEvent:
    """An event of now."""
    return LogEvent(**{"line": 2, "at": NOW, "case": "C-1", "deed": deed, **fields})


def after(ticket: Ticket, deed: Deed, *, bridges: bool = False, **fields: Any) -> Ticket:
    """The ticket after an event."""
    how = ReplayPlan(at=COLUMN, what=COLUMN, means={}, **fields.pop("how", {}))
    return decide(ticket, event(deed, **fields), how, bridges=bridges).ticket


@pytest.mark.parametrize("status", [Status.OPEN, Status.WAITING_CUSTOMER, Status.RESOLVED])
def test_taking_a_ticket_brings_it_into_progress(status: Status) -> None:
    ticket = after(a_ticket(status), Deed.TAKE, agent=OTHER_AGENT)

    assert (ticket.status, ticket.assigned_to) == (Status.IN_PROGRESS, OTHER_AGENT)
    assert ticket.resolved_at is None


def test_taking_it_again_changes_nothing() -> None:
    ticket = a_ticket(Status.IN_PROGRESS)

    assert after(ticket, Deed.TAKE, agent=AGENT) is ticket


def test_work_that_names_nobody_gets_the_stand_in() -> None:
    with pytest.raises(Refused, match="no agent"):
        after(a_ticket(), Deed.TAKE)

    assert after(a_ticket(), Deed.TAKE, how={"stand_in": 999}).assigned_to == 999


@pytest.mark.parametrize(
    ("status", "deed"),
    [
        (Status.OPEN, Deed.RESOLVE),
        (Status.OPEN, Deed.WAIT),
        (Status.WAITING_CUSTOMER, Deed.RESOLVE),
        (Status.RESOLVED, Deed.WAIT),
        (Status.CLOSED, Deed.TAKE),
        (Status.CLOSED, Deed.PRIORITY),
        (Status.CLOSED, Deed.NOTE),
        (Status.CLOSED, Deed.REPLY),
    ],
)
def test_what_the_rules_refuse_is_refused(status: Status, deed: Deed) -> None:
    with pytest.raises(Refused):
        after(a_ticket(status), deed, agent=AGENT, priority=Priority.HIGH)


def test_a_refused_event_changes_nothing_of_what_it_says() -> None:
    how = {"follows": frozenset({"priority", "agent"})}

    with pytest.raises(Refused):
        after(
            a_ticket(Status.WAITING_CUSTOMER),
            Deed.RESOLVE,
            priority=Priority.URGENT,
            agent=OTHER_AGENT,
            how=how,
        )


def test_bridges_take_the_legal_steps() -> None:
    ticket = after(a_ticket(), Deed.RESOLVE, agent=AGENT, bridges=True)

    steps = [e.after for e in ticket.metadata.history if e.action == "status"]
    assert steps == ["in_progress", "resolved"]


def test_resolving_again_renews_only_where_the_log_means_it_so() -> None:
    resolved = a_ticket(Status.RESOLVED)

    assert after(resolved, Deed.RESOLVE, bridges=True) is resolved
    renewed = after(resolved, Deed.RESOLVE, bridges=True, how={"renews": True})
    assert [e.after for e in renewed.metadata.history] == ["in_progress", "resolved"]


def test_columns_that_events_set_anew_are_followed() -> None:
    how = {"follows": frozenset({"priority", "agent"})}

    ticket = after(
        a_ticket(Status.IN_PROGRESS),
        Deed.WAIT,
        priority=Priority.HIGH,
        agent=OTHER_AGENT,
        how=how,
    )

    assert (ticket.priority, ticket.assigned_to) == (Priority.HIGH, OTHER_AGENT)
    assert ticket.status is Status.WAITING_CUSTOMER


def test_a_reply_ends_the_waiting_and_a_note_does_not() -> None:
    waiting = a_ticket(Status.WAITING_CUSTOMER)

    assert after(waiting, Deed.REPLY).status is Status.IN_PROGRESS
    assert after(waiting, Deed.NOTE, agent=AGENT) is waiting
