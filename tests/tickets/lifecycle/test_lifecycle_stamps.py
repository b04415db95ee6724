"""Stamps, the promise, the resolution in numbers, and what edits leave behind."""

from __future__ import annotations

from datetime import timedelta

import pytest

from savctl.domain.events.events import TicketResolved
from savctl.domain.model.metadata import Metadata
from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.domain.tickets import lifecycle
from savctl.domain.tickets.decision import Decision, TransitionNotAllowed
from tests.given import AGENT, BOSS, DAY, MICROSECOND, NOW, SECOND, a_ticket

OPEN, WORK, WAIT, DONE, SHUT = Status
LATE_IN_A_SECOND = NOW + SECOND - MICROSECOND


def test_resolving_stamps_the_second_cut_and_not_rounded() -> None:
    decision = lifecycle.move(a_ticket(WORK), DONE, by=AGENT, now=LATE_IN_A_SECOND)

    assert decision.ticket.resolved_at == decision.ticket.updated_at == NOW
    assert decision.entries[0].as_json()["at"] == "2025-10-03T10:30:00.999999Z"


def test_reopening_clears_the_stamp_and_the_history_keeps_it() -> None:
    resolved = lifecycle.move(a_ticket(WORK), DONE, by=AGENT, now=NOW).ticket

    reopened = lifecycle.move(resolved, WORK, by=456, now=NOW + DAY).ticket

    assert reopened.resolved_at is None
    assert reopened.metadata.history[0].at == NOW


@pytest.mark.parametrize("origin", [OPEN, WAIT, DONE])
def test_closing_stamps_the_second_and_keeps_the_resolution(origin: Status) -> None:
    ticket = a_ticket(origin)

    closed = lifecycle.move(ticket, SHUT, by=BOSS, now=LATE_IN_A_SECOND).ticket

    assert closed.closed_at == NOW
    assert closed.resolved_at == ticket.resolved_at


def test_closing_again_leaves_the_stamp() -> None:
    closed = a_ticket(SHUT)

    again = lifecycle.move(closed, SHUT, by=BOSS, now=NOW + DAY)

    assert again.ticket.closed_at == NOW


def test_a_new_ticket_starts_open_with_its_promise() -> None:
    draft = a_ticket(WORK, id=0, assigned_to=None, priority=Priority.HIGH)

    decision = lifecycle.create(draft, by=None, now=LATE_IN_A_SECOND)

    born = decision.ticket
    assert (born.status, born.created_at, born.updated_at) == (OPEN, NOW, NOW)
    assert born.metadata["sla"] == {
        "promise": {"priority": "high", "policy": 1, "since": "2025-10-03T10:30:00Z"},
        "breaches": [],
    }
    assert [(e.action, e.before, e.after) for e in decision.entries] == [("created", None, "open")]


def test_a_priority_set_by_hand_moves_the_promise_and_keeps_the_breaches() -> None:
    before = Metadata.read('{"sla": {"promise": {"priority": "low"}, "breaches": [1]}}')
    ticket = a_ticket(WORK, metadata=before)

    decision = lifecycle.change_priority(ticket, Priority.URGENT, by=BOSS, now=NOW, reason="angry")

    (entry,) = decision.entries
    assert (entry.action, entry.before, entry.after) == ("priority", "medium", "urgent")
    assert decision.ticket.priority is Priority.URGENT
    assert decision.ticket.metadata.object_at("sla") == {
        "promise": {"priority": "urgent", "policy": 1, "since": "2025-10-03T10:30:00Z"},
        "breaches": [1],
    }


def test_the_priority_that_it_has_is_no_change() -> None:
    ticket = a_ticket(WORK)

    decision = lifecycle.change_priority(ticket, Priority.MEDIUM, by=BOSS, now=NOW, reason="x")

    assert not decision.is_change


def test_a_closed_ticket_keeps_its_priority_and_its_words() -> None:
    with pytest.raises(TransitionNotAllowed, match="cannot change the priority"):
        lifecycle.change_priority(a_ticket(SHUT), Priority.LOW, by=BOSS, now=NOW, reason="x")
    with pytest.raises(TransitionNotAllowed, match="cannot edit"):
        lifecycle.edit(a_ticket(SHUT), {"subject": "other"}, by=BOSS, now=NOW)


def test_an_edit_names_the_fields_and_not_their_text() -> None:
    wanted = {"subject": "Parcel lost", "category": "shipping"}

    decision = lifecycle.edit(a_ticket(WORK), wanted, by=BOSS, now=NOW)

    (entry,) = decision.entries
    assert (entry.action, entry.after, entry.before) == ("edited", ["category", "subject"], None)
    assert decision.events == ()


def test_an_edit_to_what_it_says_already_is_no_change() -> None:
    ticket = a_ticket(WORK)

    assert not lifecycle.edit(ticket, {"subject": ticket.subject}, by=BOSS, now=NOW).is_change


def resolution(ticket: Ticket, after: timedelta) -> TicketResolved:
    decision: Decision = lifecycle.move(ticket, DONE, by=AGENT, now=NOW + after)
    (published,) = [event for event in decision.events if isinstance(event, TicketResolved)]
    return published


@pytest.mark.parametrize(
    ("after", "minutes"),
    [
        (timedelta(), 0),
        (timedelta(seconds=59), 0),
        (timedelta(minutes=90), 90),
        (timedelta(minutes=91) - MICROSECOND, 90),
        (-DAY, 0),
    ],
)
def test_the_resolution_time_is_whole_minutes_since_creation(
    after: timedelta, minutes: int
) -> None:
    assert resolution(a_ticket(WORK), after).resolution_time_minutes == minutes


@pytest.mark.parametrize(
    ("late", "met"),
    [(-SECOND, True), (timedelta(), True), (SECOND - MICROSECOND, True), (SECOND, False)],
)
@pytest.mark.parametrize(
    ("priority", "target"),
    [
        (Priority.LOW, timedelta(days=7)),
        (Priority.MEDIUM, timedelta(days=3)),
        (Priority.HIGH, timedelta(days=1)),
        (Priority.URGENT, timedelta(hours=4)),
    ],
)
def test_exactly_on_time_is_met_and_later_is_not(
    priority: Priority, target: timedelta, late: timedelta, met: bool
) -> None:
    assert resolution(a_ticket(WORK, priority=priority), target + late).sla_met is met


def test_the_time_spent_waiting_for_the_customer_does_not_count() -> None:
    ticket = lifecycle.assign(
        lifecycle.create(a_ticket(), by=None, now=NOW).ticket, AGENT, by=BOSS, now=NOW
    ).ticket
    waiting = lifecycle.move(ticket, WAIT, by=AGENT, now=NOW + DAY).ticket
    resumed = lifecycle.move(waiting, WORK, by=456, now=NOW + 5 * DAY).ticket

    assert resolution(resumed, 7 * DAY).sla_met
    assert not resolution(resumed, 7 * DAY + SECOND).sla_met


def test_the_promise_and_not_the_raised_priority_is_what_counts() -> None:
    promised = Metadata.read('{"sla": {"promise": {"priority": "medium"}}}')
    ticket = a_ticket(WORK, priority=Priority.URGENT, metadata=promised)

    assert resolution(ticket, 2 * DAY).sla_met
