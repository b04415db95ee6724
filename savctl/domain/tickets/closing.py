"""When a ticket may be closed because nobody answered.

Spec: State Definitions 3 and 4; rules 3 and 11.4.
Both rules look at a ticket and at the newest public messages of each side, and answer a
`ClosingVerdict`. They are asked again under the row lock, so a reply that lands in between wins.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from savctl.domain.clock import to_the_second
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.domain.times import span_text


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingLimits:
    """How long each state may last; both are settings."""

    silence: timedelta = timedelta(days=7)
    confirmation: timedelta = timedelta(hours=24)


class LastPublic(NamedTuple):
    """When each side last wrote publicly, to the second; None for never.

    The ids are of the messages of each side that arrived last, whatever time they bear.
    `latest_at` is that of any message, notes included. `own` is the same without what came from
    other tickets, None where nothing did: a merge does not move the silence (rules 3.1).
    """

    customer_at: datetime | None = None
    agent_at: datetime | None = None
    customer_id: int | None = None
    agent_id: int | None = None
    latest_at: datetime | None = None
    own: LastPublic | None = None

    @property
    def is_late_mail(self) -> bool:
        """Whether the customer's message arrived last, with a time before the agent's (20.6)."""
        if self.customer_at is None or self.agent_at is None:
            return False
        arrived_last = (self.customer_id or 0) > (self.agent_id or 0)
        return arrived_last and self.customer_at < self.agent_at


@dataclass(frozen=True, slots=True, kw_only=True)
class LastFile:
    """When the newest file came that no agent is known to have attached; None for never.

    `customer_at` is that of the newest one that the customer is known to have attached.
    """

    unproven_at: datetime | None = None
    customer_at: datetime | None = None


NO_FILE = LastFile()
_LATE_MAIL = "a customer's message with an earlier time arrived after the agent's"


class ClosingOutcome(StrEnum):
    """What is to be done with a candidate."""

    CLOSE = "close"
    NOT_YET = "not_yet"
    HELD = "held"
    MISSED = "missed_transition"
    UNKNOWN = "no_time_known"


class ClosingVerdict(NamedTuple):
    """The outcome and why, in words that are stored with the closing."""

    outcome: ClosingOutcome
    reason: str = ""
    remark: str | None = None


def silence(
    ticket: Ticket,
    last: LastPublic,
    *,
    now: datetime,
    limits: ClosingLimits,
    file: LastFile = NO_FILE,
) -> ClosingVerdict:
    """Whether a waiting ticket has been silent for the whole limit; exactly the limit is enough.

    Silence starts at the entry into `waiting_customer` (history; else `updated_at`) or at the
    last public message, whichever is later. A file may be an answer (rules 20.5).
    """
    if ticket.status is not Status.WAITING_CUSTOMER:
        return ClosingVerdict(ClosingOutcome.NOT_YET)
    entered = ticket.entered_status_at or ticket.updated_at
    if entered is None:
        return ClosingVerdict(
            ClosingOutcome.UNKNOWN, "no history and no updated_at: silence cannot be measured"
        )
    if (answered := _answered(last, file, to_the_second(entered))) is not None:
        return answered
    own = last.own or last
    anchor = max(entered, own.agent_at or entered, own.customer_at or entered)
    if now - anchor < limits.silence:
        return ClosingVerdict(ClosingOutcome.NOT_YET)
    return ClosingVerdict(ClosingOutcome.CLOSE, f"no response for {span_text(limits.silence)}")


def confirmation(
    ticket: Ticket,
    last: LastPublic,
    *,
    now: datetime,
    limits: ClosingLimits,
    file: LastFile = NO_FILE,
) -> ClosingVerdict:
    """Whether the confirmation window of a resolved ticket is over (inclusive)."""
    if ticket.status is not Status.RESOLVED:
        return ClosingVerdict(ClosingOutcome.NOT_YET)
    resolved_at = ticket.resolved_at or ticket.updated_at
    if resolved_at is None:
        return ClosingVerdict(
            ClosingOutcome.UNKNOWN, "no resolved_at and no updated_at: the window is unknown"
        )
    remark = None if ticket.resolved_at else "resolved_at was missing; updated_at used"
    if (contested := _contested(last, file, to_the_second(resolved_at))) is not None:
        return ClosingVerdict(ClosingOutcome.HELD, contested, remark)
    if now - resolved_at < limits.confirmation:
        return ClosingVerdict(ClosingOutcome.NOT_YET)
    window = span_text(limits.confirmation)
    return ClosingVerdict(ClosingOutcome.CLOSE, f"resolved, not contested for {window}", remark)


def _answered(last: LastPublic, file: LastFile, since: datetime) -> ClosingVerdict | None:
    """Evidence of an answer of the customer since the entry into the status (rules 3.1, 20).

    Ties within a second are decided for the customer, so both sides are cut to the second.
    """
    if last.customer_at is not None and last.customer_at >= max(since, last.agent_at or since):
        return ClosingVerdict(
            ClosingOutcome.MISSED, "the customer answered, but the ticket still waits"
        )
    if (last.own or last).is_late_mail:
        return ClosingVerdict(ClosingOutcome.MISSED, _LATE_MAIL)
    if file.unproven_at is not None and file.unproven_at > since:
        return ClosingVerdict(ClosingOutcome.HELD, "a file came")
    return None


def _contested(last: LastPublic, file: LastFile, since: datetime) -> str | None:
    """What the customer did since the resolution, in words; None for nothing (rules 2.6, 20)."""
    if last.customer_at is not None and last.customer_at >= since:
        return "customer replied"
    if (last.own or last).is_late_mail:
        return _LATE_MAIL
    if file.customer_at is not None and file.customer_at > since:
        return "customer sent a file"
    return None
