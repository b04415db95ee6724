"""`waiting_customer` closes after seven days of silence (rules 3.1, 11.4)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from savctl.domain.model.history import Action, HistoryEntry
from savctl.domain.model.metadata import EMPTY
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.domain.tickets.closing import (
    ClosingLimits,
    ClosingOutcome,
    ClosingVerdict,
    LastPublic,
    silence,
)
from tests.given import AGENT, DAY, MICROSECOND, NOW, SECOND, a_ticket, entered

WAIT = Status.WAITING_CUSTOMER
WEEK = timedelta(days=7)
NOBODY = LastPublic()
INCLUSIVE = [
    (-SECOND, ClosingOutcome.NOT_YET),
    (-MICROSECOND, ClosingOutcome.NOT_YET),
    (timedelta(), ClosingOutcome.CLOSE),
    (SECOND, ClosingOutcome.CLOSE),
]


def waiting(since: timedelta = timedelta(), **fields: object) -> Ticket:
    at = NOW + since
    return a_ticket(WAIT, **{"metadata": entered(WAIT, at), "updated_at": at, **fields})


def judged(
    ticket: Ticket,
    after: timedelta,
    last: LastPublic = NOBODY,
    limits: ClosingLimits | None = None,
) -> ClosingVerdict:
    return silence(ticket, last, now=NOW + after, limits=limits or ClosingLimits())


@pytest.mark.parametrize(("around", "outcome"), INCLUSIVE)
def test_exactly_seven_times_24_hours_is_enough(
    around: timedelta, outcome: ClosingOutcome
) -> None:
    assert judged(waiting(), WEEK + around).outcome is outcome


@pytest.mark.parametrize(("around", "outcome"), INCLUSIVE)
def test_an_entry_late_in_a_second_counts_from_its_microsecond(
    around: timedelta, outcome: ClosingOutcome
) -> None:
    within = timedelta(microseconds=600_000)

    assert judged(waiting(within), WEEK + within + around).outcome is outcome


def test_the_reason_names_the_limit() -> None:
    assert judged(waiting(), WEEK).reason == "no response for 7 days"
    short = ClosingLimits(silence=timedelta(hours=36))
    assert judged(waiting(), WEEK, limits=short).reason == "no response for 36 h"


@pytest.mark.parametrize(("around", "outcome"), INCLUSIVE)
def test_the_limit_is_a_setting(around: timedelta, outcome: ClosingOutcome) -> None:
    limits = ClosingLimits(silence=timedelta(hours=5))

    assert judged(waiting(), timedelta(hours=5) + around, limits=limits).outcome is outcome


@pytest.mark.parametrize(("around", "outcome"), INCLUSIVE)
def test_an_agents_public_message_begins_the_silence_anew(
    around: timedelta, outcome: ClosingOutcome
) -> None:
    nudged = LastPublic(agent_at=NOW + 3 * DAY)

    assert judged(waiting(), 3 * DAY + WEEK + around, nudged).outcome is outcome


def test_messages_from_before_the_entry_do_not_count() -> None:
    last = LastPublic(customer_at=NOW - 2 * DAY, agent_at=NOW - DAY)

    assert judged(waiting(), WEEK - SECOND, last).outcome is ClosingOutcome.NOT_YET
    assert judged(waiting(), WEEK, last).outcome is ClosingOutcome.CLOSE


@pytest.mark.parametrize(("around", "outcome"), INCLUSIVE)
def test_without_history_the_silence_begins_at_updated_at(
    around: timedelta, outcome: ClosingOutcome
) -> None:
    ticket = waiting(metadata=EMPTY, updated_at=NOW + DAY)

    assert judged(ticket, DAY + WEEK + around).outcome is outcome


def test_a_history_that_ends_elsewhere_does_not_tell_the_entry() -> None:
    elsewhere = entered(Status.RESOLVED, NOW - 30 * DAY)
    ticket = waiting(metadata=elsewhere, updated_at=NOW)

    assert judged(ticket, WEEK - SECOND).outcome is ClosingOutcome.NOT_YET
    assert judged(ticket, WEEK).outcome is ClosingOutcome.CLOSE


@pytest.mark.parametrize(
    "action", [a for a in Action if a not in {Action.CREATED, Action.STATUS, Action.IMPORTED}]
)
def test_assignment_priority_marks_and_merges_do_not_move_it(action: Action) -> None:
    later = HistoryEntry(at=NOW + 6 * DAY, actor=AGENT, action=action, after=1)
    ticket = waiting(metadata=entered(WAIT, NOW).with_history((later,)), updated_at=NOW + 6 * DAY)

    assert judged(ticket, WEEK - SECOND).outcome is ClosingOutcome.NOT_YET
    assert judged(ticket, WEEK).outcome is ClosingOutcome.CLOSE


def test_the_last_of_several_entries_counts() -> None:
    twice = entered(WAIT, NOW).with_history(
        (
            HistoryEntry(
                at=NOW + DAY, actor=1, action="status", before=str(WAIT), after="in_progress"
            ),
            HistoryEntry(
                at=NOW + 2 * DAY, actor=1, action="status", before="in_progress", after=str(WAIT)
            ),
        )
    )

    assert judged(waiting(metadata=twice), WEEK + DAY).outcome is ClosingOutcome.NOT_YET
    assert judged(waiting(metadata=twice), WEEK + 2 * DAY).outcome is ClosingOutcome.CLOSE


def test_neither_history_nor_updated_at_means_that_nothing_can_be_measured() -> None:
    verdict = judged(waiting(metadata=EMPTY, updated_at=None), 100 * WEEK)

    assert verdict.outcome is ClosingOutcome.UNKNOWN
    assert "silence cannot be measured" in verdict.reason


@pytest.mark.parametrize("after", [timedelta(), WEEK, 10 * WEEK])
def test_an_answer_that_another_program_missed_is_reported_and_not_closed(
    after: timedelta,
) -> None:
    verdict = judged(waiting(), after, LastPublic(customer_at=NOW + DAY, agent_at=NOW))

    assert verdict.outcome is ClosingOutcome.MISSED
    assert verdict.reason == "the customer answered, but the ticket still waits"


def test_a_missed_answer_that_an_agent_wrote_after_is_no_longer_the_newest() -> None:
    last = LastPublic(customer_at=NOW + DAY, agent_at=NOW + 2 * DAY)

    assert judged(waiting(), 2 * DAY + WEEK - SECOND, last).outcome is ClosingOutcome.NOT_YET
    assert judged(waiting(), 2 * DAY + WEEK, last).outcome is ClosingOutcome.CLOSE


@pytest.mark.parametrize("within", [timedelta(), MICROSECOND, SECOND - MICROSECOND])
def test_an_answer_in_the_second_of_the_entry_counts_as_later(within: timedelta) -> None:
    last = LastPublic(customer_at=NOW)

    assert judged(waiting(within), 2 * WEEK, last).outcome is ClosingOutcome.MISSED


def test_an_answer_in_the_second_before_the_entry_does_not() -> None:
    last = LastPublic(customer_at=NOW - SECOND)

    assert judged(waiting(), 2 * WEEK, last).outcome is ClosingOutcome.CLOSE


def test_both_writing_in_one_second_is_decided_for_the_customer() -> None:
    last = LastPublic(customer_at=NOW + DAY, agent_at=NOW + DAY)

    assert judged(waiting(), 10 * WEEK, last).outcome is ClosingOutcome.MISSED


@pytest.mark.parametrize("status", [s for s in Status if s is not WAIT])
def test_no_other_status_closes_by_silence(status: Status) -> None:
    ticket = a_ticket(status, metadata=entered(status, NOW))

    assert judged(ticket, 100 * WEEK).outcome is ClosingOutcome.NOT_YET
