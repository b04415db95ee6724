"""The two SLA clocks of a ticket: how far each has run, what it met, when it breaches (rules 4).

One pure function of the ticket, its first public answer and the policy. What is stored about
breaches is not read here: it must equal what this computes.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, Protocol

from savctl.domain.clock import to_the_second
from savctl.domain.model.imported_links import was_merged_away
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.domain.sla.policy import MINUTE, Policies
from savctl.domain.sla.targets import (
    COUNTED,
    ClockSource,
    Promise,
    Promised,
    Segment,
    Timeline,
    counted,
    promise,
    promise_at,
    segments,
    timeline,
)

PUBLIC_MESSAGE = "public message"
_LAST_MOMENT = timedelta(seconds=1)
_NOTHING = timedelta()


class Side(StrEnum):
    """The two clocks, as events and stored breaches name them."""

    RESPONSE = "response"
    RESOLUTION = "resolution"


class Running(StrEnum):
    """What a clock does at this moment."""

    RUNNING = "running"
    PAUSED = "paused"
    ENDED = "ended"


# Looked up once: to ask an Enum for a member takes longer than what is done with it.
_WAITING, _RESOLVED, _CLOSED = Status.WAITING_CUSTOMER, Status.RESOLVED, Status.CLOSED
_RUNNING, _PAUSED, _ENDED = Running.RUNNING, Running.PAUSED, Running.ENDED
_RESPONSE, _RESOLUTION = Side.RESPONSE, Side.RESOLUTION
_ANSWERS = frozenset({_WAITING, _RESOLVED})


class SideClock(NamedTuple):
    """One of the two clocks, the promise it is measured by, and how far it may run.

    `ended_at` is when the answer or the end came; `passed_at` when the target passed, None while
    it has not; `due_at` when it will pass, None unless the clock runs and has time left.
    """

    side: Side
    promise: Promise
    target: timedelta
    elapsed: timedelta
    running: Running
    ended_at: datetime | None = None
    passed_at: datetime | None = None
    due_at: datetime | None = None
    cause: str | None = None

    @property
    def is_breached(self) -> bool:
        """Strictly over the target: exactly on time is met (rules 4.6)."""
        return self.elapsed > self.target

    @property
    def is_met(self) -> bool | None:
        """True or False once it is decided; None while it can go either way."""
        if self.is_breached:
            return False
        return True if self.running is _ENDED else None

    @property
    def remaining(self) -> timedelta:
        """What is left of the target; nothing once it is breached."""
        return max(self.target - self.elapsed, timedelta())

    @property
    def expected_minutes(self) -> int:
        """The target, as events hold it."""
        return self.target // MINUTE

    @property
    def actual_minutes(self) -> int:
        """Whole minutes that the clock has run."""
        return self.elapsed // MINUTE


class SlaClock(NamedTuple):
    """Both clocks of a ticket at `at`, what was promised, and where its time went.

    `is_counted` is False for a ticket that was merged into another: it left the statistics.
    """

    at: datetime
    promise: Promise
    timeline: Timeline
    response: SideClock
    resolution: SideClock
    is_counted: bool = True

    @property
    def sides(self) -> tuple[SideClock, SideClock]:
        """Both, the response first."""
        return self.response, self.resolution

    @property
    def is_trusted(self) -> bool:
        """Whether it may escalate by itself: not when the history contradicts the row."""
        return self.is_counted and self.timeline.source is not ClockSource.PARTIAL


def clock(
    ticket: Ticket,
    *,
    now: datetime,
    answered_at: datetime | None = None,
    policies: Policies | None = None,
) -> SlaClock:
    """Both clocks of a ticket; `answered_at` is its first public message by an agent."""
    line, at = timeline(ticket, until=now), to_the_second(now)
    given = promise(ticket, policies)

    def promised(moment: datetime | None) -> Promise:
        return promise_at(ticket, moment, policies, given=given)

    seen = clock_of(ticket, line, given, promised, answered_at, at)
    return seen if _is_counted(ticket) else seen._replace(is_counted=False)


class Clocked(Promised, Protocol):
    """Whatever has the two clocks."""

    @property
    def user_id(self) -> int:
        """Its customer."""
        ...

    @property
    def status(self) -> Status:
        """Its present status."""
        ...


def clock_of(
    ticket: Clocked,
    line: Timeline,
    given: Promise,
    promised: Callable[[datetime | None], Promise],
    answered_at: datetime | None,
    at: datetime,
) -> SlaClock:
    """Both clocks of a ticket by its timeline and its promise; it is taken to be counted."""
    response = _response(ticket, line, answered_at, at, promised)
    return SlaClock(at, given, line, response, _resolution(ticket, line, promised))


def solution(ticket: Ticket, *, now: datetime) -> tuple[datetime, int] | None:
    """When the resolution clock ended, and how many whole minutes it had run, as `clock` has it.

    None while it has not ended, and of a merged ticket. What was promised is not asked for.
    """
    if _running(ticket.status) is not _ENDED or not _is_counted(ticket):
        return None
    return solution_of(ticket.status, segments(ticket, until=now))


def solution_of(status: Status, stretches: tuple[Segment, ...]) -> tuple[datetime, int] | None:
    """The same by the stretches of a ticket in this status, which is taken to be counted."""
    ended_at = _ended_at(stretches) if _running(status) is _ENDED else None
    return None if ended_at is None else (ended_at, counted(stretches) // MINUTE)


def _is_counted(ticket: Ticket) -> bool:
    return not (ticket.metadata.object_at("merged_into") or was_merged_away(ticket.metadata))


def new_breaches(seen: SlaClock, *, known: frozenset[Side]) -> tuple[SideClock, ...]:
    """The sides that are breached and not written down yet; none when the clock is no proof."""
    if not seen.is_trusted:
        return ()
    return tuple([s for s in seen.sides if s.is_breached and s.side not in known])


def _response(
    ticket: Clocked,
    line: Timeline,
    answered_at: datetime | None,
    now: datetime,
    promised: Callable[[datetime | None], Promise],
) -> SideClock:
    """It runs from creation to the first answer, whatever the status (rules 4.3)."""
    begun_at = ticket.created_at or (line.segments[0].start if line.segments else None)
    ended_at, cause = _first_answer(ticket, line, answered_at)
    born = begun_at or ended_at or now  # without any time nothing has passed, and nothing will
    given = promised(ended_at)
    target = given.target.response
    elapsed = max((ended_at or now) - born, _NOTHING)
    is_open, is_late = ended_at is None, elapsed > target
    return SideClock(  # by place: by name it takes twice as long
        _RESPONSE,
        given,
        target,
        elapsed,
        _RUNNING if is_open else _ENDED,
        ended_at,
        max(born + target, given.since or born) if is_late else None,
        born + target if begun_at and is_open and not is_late else None,
        cause,
    )


def _first_answer(
    ticket: Clocked, line: Timeline, answered_at: datetime | None
) -> tuple[datetime | None, str | None]:
    """The earliest answer and what it was; an end without one stops the clock as well."""
    written = None if answered_at is None else to_the_second(answered_at)
    for stretch in line.segments:
        if stretch.status in _ANSWERS and stretch.actor != ticket.user_id:
            if written is None or stretch.start < written:
                return stretch.start, f"went to {stretch.status}"
            break
    if written is not None:
        return written, PUBLIC_MESSAGE
    for stretch in line.segments:
        if stretch.status is _CLOSED:
            return stretch.start, "closed without an answer"
    return None, None


def _resolution(
    ticket: Clocked, line: Timeline, promised: Callable[[datetime | None], Promise]
) -> SideClock:
    """It runs while the ticket is open or in progress (rules 4.4)."""
    running = _running(ticket.status)
    ended_at = _ended_at(line.segments) if running is _ENDED else None
    given = promised(ended_at)
    target = given.target.resolution
    elapsed = counted(line.segments)
    passed_at = _passed_at(line.segments, given) if elapsed > target else None
    due_at = None
    if running is _RUNNING and elapsed <= target and line.segments:
        due_at = line.segments[-1].end + target - elapsed
    return SideClock(_RESOLUTION, given, target, elapsed, running, ended_at, passed_at, due_at)


def _running(status: Status) -> Running:
    if status in COUNTED:
        return _RUNNING
    return _PAUSED if status is _WAITING else _ENDED


def _ended_at(stretches: tuple[Segment, ...]) -> datetime | None:
    """When the clock stopped: the solution, and without one the end."""
    for stretch in stretches[:-3:-1]:
        if stretch.status is _RESOLVED:
            return stretch.start
    return stretches[-1].start if stretches else None


def _passed_at(stretches: tuple[Segment, ...], given: Promise) -> datetime | None:
    """When the counted time reached the target; not before the promise was given."""
    left = given.target.resolution
    for stretch in stretches:
        if stretch.counted > left:
            moment = stretch.start + left
            return max(moment, given.since or moment)
        left -= stretch.counted
    return None


def next_look(
    seen: SlaClock, *, recorded: frozenset[Side], longest_pause: timedelta
) -> datetime | None:
    """The earliest moment at which a breach that is not recorded yet can be there.

    While a clock is paused, another program may start it at any moment: the look is at what is
    left from now on, but not more often than every `longest_pause`. None: there is none to come.
    """
    stretches = seen.timeline.segments
    if not seen.is_trusted or not stretches or stretches[-1].status is Status.CLOSED:
        return None
    moments = [
        _look_at(side, seen.at, longest_pause) for side in seen.sides if side.side not in recorded
    ]
    return min((m for m in moments if m is not None), default=None)


def _look_at(side: SideClock, now: datetime, longest_pause: timedelta) -> datetime | None:
    if side.due_at is not None:
        return side.due_at + _LAST_MOMENT
    if side.side is _RESPONSE:
        return None
    return now + max(side.remaining + _LAST_MOMENT, longest_pause)
