"""`resolved` closes after the 24 hours for objecting (rules 2.6, 3.2, 11.4)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.domain.tickets.closing import (
    ClosingLimits,
    ClosingOutcome,
    ClosingVerdict,
    LastPublic,
    confirmation,
)
from savctl.domain.times import span_text
from tests.given import DAY, MICROSECOND, NOW, SECOND, a_ticket, entered

DONE = Status.RESOLVED
NOBODY = LastPublic()
INCLUSIVE = [
    (-SECOND, ClosingOutcome.NOT_YET),
    (-MICROSECOND, ClosingOutcome.NOT_YET),
    (timedelta(), ClosingOutcome.CLOSE),
    (SECOND, ClosingOutcome.CLOSE),
]


def judged(
    ticket: Ticket,
    after: timedelta,
    last: LastPublic = NOBODY,
    limits: ClosingLimits | None = None,
) -> ClosingVerdict:
    return confirmation(ticket, last, now=NOW + after, limits=limits or ClosingLimits())


@pytest.mark.parametrize(("around", "outcome"), INCLUSIVE)
def test_exactly_24_hours_is_enough(around: timedelta, outcome: ClosingOutcome) -> None:
    assert judged(a_ticket(DONE), DAY + around).outcome is outcome


@pytest.mark.parametrize(("around", "outcome"), INCLUSIVE)
def test_the_window_is_a_setting(around: timedelta, outcome: ClosingOutcome) -> None:
    limits = ClosingLimits(confirmation=5 * DAY)

    assert judged(a_ticket(DONE), 5 * DAY + around, limits=limits).outcome is outcome


def test_the_reason_names_the_window() -> None:
    verdict = judged(a_ticket(DONE), DAY)

    assert (verdict.reason, verdict.remark) == ("resolved, not contested for 24 h", None)


@pytest.mark.parametrize(("around", "outcome"), INCLUSIVE)
def test_a_missing_stamp_is_replaced_by_updated_at_and_reported(
    around: timedelta, outcome: ClosingOutcome
) -> None:
    ticket = a_ticket(DONE, resolved_at=None, updated_at=NOW + DAY)

    verdict = judged(ticket, 2 * DAY + around)

    assert verdict.outcome is outcome
    if outcome is ClosingOutcome.CLOSE:
        assert verdict.remark == "resolved_at was missing; updated_at used"


def test_the_stamp_counts_and_not_the_history() -> None:
    ticket = a_ticket(DONE, metadata=entered(DONE, NOW - 30 * DAY))

    assert judged(ticket, DAY - SECOND).outcome is ClosingOutcome.NOT_YET


def test_without_any_time_nothing_is_closed() -> None:
    verdict = judged(a_ticket(DONE, resolved_at=None, updated_at=None), 100 * DAY)

    assert verdict.outcome is ClosingOutcome.UNKNOWN


@pytest.mark.parametrize("after", [timedelta(), DAY, 100 * DAY])
def test_a_customers_message_holds_the_closing(after: timedelta) -> None:
    verdict = judged(a_ticket(DONE), after, LastPublic(customer_at=NOW + SECOND))

    assert (verdict.outcome, verdict.reason) == (ClosingOutcome.HELD, "customer replied")


def test_an_agents_answer_to_it_does_not_let_go() -> None:
    last = LastPublic(customer_at=NOW + SECOND, agent_at=NOW + DAY)

    assert judged(a_ticket(DONE), 100 * DAY, last).outcome is ClosingOutcome.HELD


@pytest.mark.parametrize("last", [NOBODY, LastPublic(agent_at=NOW + DAY)])
def test_an_agents_message_holds_nothing(last: LastPublic) -> None:
    assert judged(a_ticket(DONE), DAY, last).outcome is ClosingOutcome.CLOSE


def test_a_message_in_the_second_of_the_resolution_counts_as_later() -> None:
    assert judged(a_ticket(DONE), DAY, LastPublic(customer_at=NOW)).outcome is ClosingOutcome.HELD


def test_a_message_in_the_second_before_does_not() -> None:
    last = LastPublic(customer_at=NOW - SECOND)

    assert judged(a_ticket(DONE), DAY, last).outcome is ClosingOutcome.CLOSE


def test_a_held_ticket_without_a_stamp_is_reported_as_such_too() -> None:
    ticket = a_ticket(DONE, resolved_at=None)

    verdict = judged(ticket, DAY, LastPublic(customer_at=NOW))

    assert (verdict.outcome, bool(verdict.remark)) == (ClosingOutcome.HELD, True)


@pytest.mark.parametrize("status", [s for s in Status if s is not DONE])
def test_no_other_status_has_a_window(status: Status) -> None:
    assert judged(a_ticket(status, resolved_at=NOW), 100 * DAY).outcome is ClosingOutcome.NOT_YET


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(days=7), "7 days"),
        (timedelta(days=1), "24 h"),
        (timedelta(days=2), "2 days"),
        (timedelta(hours=36), "36 h"),
        (timedelta(minutes=90), "1:30:00"),
        (timedelta(), "0:00:00"),
    ],
)
def test_spans_are_reported_as_people_say_them(span: timedelta, words: str) -> None:
    assert span_text(span) == words
