"""Moves: what is allowed, what is refused and how, what is so already (rules 2, 11.3)."""

from __future__ import annotations

from itertools import product

import pytest

from savctl.domain.events.events import TicketResolved, TicketStatusChanged
from savctl.domain.model.states import Status
from savctl.domain.tickets import lifecycle
from savctl.domain.tickets.decision import AgentMissing, TransitionNotAllowed
from savctl.errors import ExitCode
from tests.given import AGENT, BOSS, NOW, a_ticket, entered
from tests.model.test_states import DIAGRAM, WAYS

OPEN, WORK, WAIT, DONE, SHUT = Status
BY_ASSIGNMENT = {(OPEN, WORK), (WORK, OPEN)}
MOVES = sorted(DIAGRAM - BY_ASSIGNMENT)
REFUSED = sorted({pair for pair in product(Status, Status) if pair[0] is not pair[1]} - set(MOVES))


@pytest.mark.parametrize(("origin", "to"), MOVES)
def test_an_arrow_is_taken_with_its_traces(origin: Status, to: Status) -> None:
    decision = lifecycle.move(a_ticket(origin), to, by=BOSS, now=NOW, reason="because")

    (entry,) = decision.entries
    assert decision.ticket.status is to
    assert (entry.action, entry.before, entry.after) == ("status", str(origin), str(to))
    assert (entry.at, entry.actor, entry.reason) == (NOW, BOSS, "because")
    assert decision.ticket.metadata.history == decision.entries
    changed = [event for event in decision.events if isinstance(event, TicketStatusChanged)]
    assert [(e.previous_status, e.new_status, e.changed_by, e.reason) for e in changed] == [
        (origin, to, BOSS, "because")
    ]


@pytest.mark.parametrize(("origin", "to"), MOVES)
def test_only_entering_resolved_tells_of_a_resolution(origin: Status, to: Status) -> None:
    decision = lifecycle.move(a_ticket(origin), to, by=BOSS, now=NOW)

    published = sum(isinstance(event, TicketResolved) for event in decision.events)
    assert published == (to is DONE)


@pytest.mark.parametrize(("origin", "to"), REFUSED)
def test_every_other_pair_is_refused_with_the_allowed_list(origin: Status, to: Status) -> None:
    with pytest.raises(TransitionNotAllowed) as refusal:
        lifecycle.move(a_ticket(origin), to, by=BOSS, now=NOW)

    values = refusal.value
    allowed = {str(after) for before, after in DIAGRAM if before is origin}
    assert values.exit_code == ExitCode.REFUSED
    assert values.message.startswith(f"TKT-ABC123 is {origin}: cannot ")
    assert set(values.facts["allowed"]) == allowed  # type: ignore[call-overload]
    assert all(state in str(values.hint) for state in allowed)
    assert ("--bridge" in str(values.hint)) == ((origin, to) in WAYS)


@pytest.mark.parametrize("status", Status)
def test_the_state_that_it_is_in_already_is_no_change(status: Status) -> None:
    ticket = a_ticket(status)

    decision = lifecycle.move(ticket, status, by=BOSS, now=NOW, reason="again")

    assert not decision.is_change
    assert (decision.ticket, decision.entries, decision.events) == (ticket, (), ())


@pytest.mark.parametrize("origin", [WAIT, DONE])
def test_work_without_an_agent_is_never_written(origin: Status) -> None:
    with pytest.raises(AgentMissing) as refusal:
        lifecycle.move(a_ticket(origin, assigned_to=None), WORK, by=BOSS, now=NOW)

    assert "savctl ticket assign TKT-ABC123" in str(refusal.value.hint)


@pytest.mark.parametrize(("origin", "to"), sorted(WAYS))
def test_a_bridge_leaves_the_traces_of_every_step(origin: Status, to: Status) -> None:
    ticket = a_ticket(origin)

    decision = lifecycle.bridge(ticket, to, by=AGENT, now=NOW, reason="late", agent_id=AGENT)

    steps = [entry for entry in decision.entries if entry.action == "status"]
    events = [event for event in decision.events if isinstance(event, TicketStatusChanged)]
    way = list(map(str, WAYS[origin, to]))
    assert [entry.after for entry in steps] == [str(event.new_status) for event in events] == way
    assert [entry.before for entry in steps] == [str(origin), *way[:-1]]
    assert decision.ticket.status is to
    assert decision.ticket.metadata.history == decision.entries


@pytest.mark.parametrize("to", [WAIT, DONE])
def test_a_bridge_from_open_needs_somebody_who_takes_the_ticket(to: Status) -> None:
    with pytest.raises(AgentMissing):
        lifecycle.bridge(a_ticket(OPEN), to, by=None, now=NOW)


@pytest.mark.parametrize("to", [OPEN, WORK, WAIT, DONE])
def test_no_bridge_leads_out_of_closed(to: Status) -> None:
    with pytest.raises(TransitionNotAllowed, match="TKT-ABC123 is closed"):
        lifecycle.bridge(a_ticket(SHUT), to, by=BOSS, now=NOW, agent_id=AGENT)


@pytest.mark.parametrize("status", Status)
def test_a_bridge_to_where_it_is_changes_nothing(status: Status) -> None:
    decision = lifecycle.bridge(a_ticket(status), status, by=BOSS, now=NOW, agent_id=AGENT)

    assert not decision.is_change


@pytest.mark.parametrize("status", [OPEN, WORK, DONE])
def test_a_customers_message_moves_no_ticket_that_does_not_wait(status: Status) -> None:
    assert not lifecycle.customer_wrote(a_ticket(status), by=None, now=NOW).is_change


def test_a_customers_message_ends_the_waiting() -> None:
    decision = lifecycle.customer_wrote(a_ticket(WAIT), by=456, now=NOW)

    assert decision.ticket.status is WORK
    assert decision.entries[0].reason == "customer replied"


def test_a_customers_message_without_an_agent_keeps_the_ticket_waiting() -> None:
    ticket = a_ticket(WAIT, assigned_to=None)

    assert not lifecycle.customer_wrote(ticket, by=456, now=NOW).is_change


def test_nobody_writes_on_a_closed_ticket() -> None:
    with pytest.raises(TransitionNotAllowed, match="TKT-ABC123 is closed: cannot add a message"):
        lifecycle.customer_wrote(a_ticket(SHUT), by=456, now=NOW)


def test_the_history_that_was_there_stays_in_front() -> None:
    before = entered(WORK, NOW, before=OPEN)

    decision = lifecycle.move(a_ticket(WORK, metadata=before), WAIT, by=AGENT, now=NOW)

    assert decision.ticket.metadata.history == before.history + decision.entries
