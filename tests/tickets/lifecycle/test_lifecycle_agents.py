"""Assignment and unassignment (rules 2.2, 2.3, 11.1, 11.3)."""

from __future__ import annotations

import pytest

from savctl.domain.events.events import TicketAssigned, TicketStatusChanged
from savctl.domain.model.states import Status
from savctl.domain.tickets import lifecycle
from savctl.domain.tickets.decision import TransitionNotAllowed
from tests.given import AGENT, BOSS, NOW, OTHER_AGENT, a_ticket

OPEN, WORK, WAIT, DONE, SHUT = Status


def test_assignment_opens_the_work_with_two_entries_and_two_events() -> None:
    decision = lifecycle.assign(a_ticket(OPEN), AGENT, by=BOSS, now=NOW)

    assert (decision.ticket.status, decision.ticket.assigned_to) == (WORK, AGENT)
    assert [(e.action, e.before, e.after) for e in decision.entries] == [
        ("assigned", None, AGENT),
        ("status", "open", "in_progress"),
    ]
    assigned, changed = decision.events
    assert isinstance(assigned, TicketAssigned)
    assert isinstance(changed, TicketStatusChanged)
    assert (assigned.previous_status, assigned.new_status) == ("open", "in_progress")
    assert (changed.previous_status, changed.new_status) == ("open", "in_progress")


@pytest.mark.parametrize("status", [WORK, WAIT, DONE])
def test_a_new_agent_keeps_the_status_and_the_event_says_so(status: Status) -> None:
    decision = lifecycle.assign(a_ticket(status), OTHER_AGENT, by=BOSS, now=NOW)

    (entry,) = decision.entries
    (event,) = decision.events
    assert (decision.ticket.status, decision.ticket.assigned_to) == (status, OTHER_AGENT)
    assert (entry.action, entry.before, entry.after) == ("assigned", AGENT, OTHER_AGENT)
    assert isinstance(event, TicketAssigned)
    assert event.previous_status == event.new_status == status
    assert (event.assigned_to, event.assigned_by) == (OTHER_AGENT, BOSS)


@pytest.mark.parametrize("status", [WORK, WAIT, DONE])
def test_the_same_agent_again_is_no_change(status: Status) -> None:
    assert not lifecycle.assign(a_ticket(status), AGENT, by=BOSS, now=NOW).is_change


def test_an_open_ticket_that_names_its_agent_already_still_starts() -> None:
    ticket = a_ticket(OPEN, assigned_to=AGENT)

    decision = lifecycle.assign(ticket, AGENT, by=BOSS, now=NOW)

    assert decision.ticket.status is WORK


@pytest.mark.parametrize("agent", [AGENT, OTHER_AGENT])
def test_a_closed_ticket_is_given_to_nobody(agent: int) -> None:
    with pytest.raises(TransitionNotAllowed, match="TKT-ABC123 is closed: cannot assign"):
        lifecycle.assign(a_ticket(SHUT), agent, by=BOSS, now=NOW)


def test_assigning_a_resolved_ticket_keeps_its_stamp() -> None:
    ticket = a_ticket(DONE)

    assert lifecycle.assign(ticket, OTHER_AGENT, by=BOSS, now=NOW).ticket.resolved_at == NOW


def test_unassignment_puts_the_ticket_back_with_two_entries_and_one_event() -> None:
    decision = lifecycle.unassign(a_ticket(WORK), by=BOSS, now=NOW, reason="on leave")

    assert (decision.ticket.status, decision.ticket.assigned_to) == (OPEN, None)
    assert [(e.action, e.before, e.after) for e in decision.entries] == [
        ("unassigned", AGENT, None),
        ("status", "in_progress", "open"),
    ]
    (event,) = decision.events
    assert isinstance(event, TicketStatusChanged)
    assert (event.previous_status, event.new_status) == ("in_progress", "open")


@pytest.mark.parametrize("status", [WAIT, DONE, SHUT])
def test_only_work_in_progress_is_put_back(status: Status) -> None:
    with pytest.raises(TransitionNotAllowed, match="cannot unassign"):
        lifecycle.unassign(a_ticket(status), by=BOSS, now=NOW, reason="on leave")


def test_unassigning_a_ticket_in_the_queue_is_no_change() -> None:
    assert not lifecycle.unassign(a_ticket(OPEN), by=BOSS, now=NOW, reason="again").is_change


def test_an_open_ticket_with_an_agent_loses_the_agent_and_stays_open() -> None:
    ticket = a_ticket(OPEN, assigned_to=AGENT)

    decision = lifecycle.unassign(ticket, by=BOSS, now=NOW, reason="tidy")

    assert decision.ticket.assigned_to is None
    assert [entry.action for entry in decision.entries] == ["unassigned"]
    assert decision.events == ()
