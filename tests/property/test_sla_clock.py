"""The SLA clock against a slow and obvious second computation, over any legal life (rules 4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from savctl.domain.model.priority import LEVELS, Priority
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.domain.sla.breach import breaches_of
from savctl.domain.sla.clock import Side, SlaClock, clock, next_look
from savctl.domain.sla.policy import TARGETS
from savctl.domain.sla.targets import COUNTED
from savctl.domain.tickets import lifecycle
from savctl.domain.tickets.decision import Decision
from savctl.domain.tickets.escalation import record_breaches
from savctl.errors import Refused
from tests.given import AGENT, BOSS, CUSTOMER, NOW, OTHER_AGENT, SECOND, a_ticket

TICK = timedelta(minutes=10)  # every target is a whole number of ticks
Step = Callable[[Ticket, datetime], Decision]


def moved(to: Status, by: int) -> Step:
    return lambda ticket, now: lifecycle.move(ticket, to, by=by, now=now, reason="x")


def leveled(to: Priority) -> Step:
    return lambda t, now: lifecycle.change_priority(t, to, by=BOSS, now=now, reason="x")


STEPS: dict[str, Step] = {
    "assign": lambda t, now: lifecycle.assign(t, AGENT, by=BOSS, now=now),
    "reassign": lambda t, now: lifecycle.assign(t, OTHER_AGENT, by=BOSS, now=now),
    "unassign": lambda t, now: lifecycle.unassign(t, by=BOSS, now=now, reason="x"),
    "wait": moved(Status.WAITING_CUSTOMER, AGENT),
    "work": moved(Status.IN_PROGRESS, CUSTOMER),
    "resolve": moved(Status.RESOLVED, AGENT),
    "close": moved(Status.CLOSED, BOSS),
    **{f"set {level}": leveled(level) for level in LEVELS},
}


@dataclass
class Life:
    """A ticket's life, and what a bystander wrote down: each moment with the status after it."""

    ticket: Ticket
    now: datetime = NOW
    diary: list[tuple[datetime, Status]] = field(default_factory=lambda: [(NOW, Status.OPEN)])
    promises: list[tuple[datetime, Priority]] = field(default_factory=list)
    says: datetime | None = None

    def go(self, gap: int, step: str) -> None:
        """Let time pass, then try a step; what the rules refuse does not happen."""
        self.now += gap * TICK
        if step == "say":
            if self.ticket.status is not Status.CLOSED:
                self.says = self.says or self.now
            return
        try:
            decision = STEPS[step](self.ticket, self.now)
        except Refused:
            return
        if decision.ticket.status is not self.ticket.status:
            self.diary.append((self.now, decision.ticket.status))
        if decision.ticket.priority is not self.ticket.priority:
            self.promises.append((self.now, decision.ticket.priority))
        self.ticket = decision.ticket

    def status_at(self, moment: datetime) -> Status:
        """What the diary says of a moment."""
        return [status for at, status in self.diary if at <= moment][-1]

    def promised_at(self, moment: datetime) -> Priority:
        """The promise that held at a moment."""
        return [level for at, level in self.promises if at <= moment][-1]

    def seen(self, now: datetime | None = None) -> SlaClock:
        """What the clock under test says."""
        return clock(self.ticket, now=now or self.now, answered_at=self.says)


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """Any legal life of up to some weeks, in steps of ten minutes, some of no length."""
    level = draw(st.sampled_from(LEVELS))
    born = lifecycle.create(a_ticket(priority=level, assigned_to=None), by=None, now=NOW)
    life = Life(born.ticket, promises=[(NOW, level)])
    gaps = st.sampled_from([0, 0, 1, 3, 6, 24, 25, 144, 145, 500])
    for gap, step in draw(
        st.lists(st.tuples(gaps, st.sampled_from([*STEPS, "say"])), max_size=14)
    ):
        life.go(gap, step)
    life.now += draw(gaps) * TICK
    return life


def first_answer(life: Life) -> datetime | None:
    """Looked up in the diary: the first word or the first entry into a status that answers."""
    answers = {Status.WAITING_CUSTOMER, Status.RESOLVED}
    found = [at for at, status in life.diary if status in answers]
    found += [life.says] if life.says is not None else []
    if not found:
        found = [at for at, status in life.diary if status is Status.CLOSED]
    return min(found, default=None)


def slow_resolution(life: Life, until: datetime) -> timedelta:
    """Every tick looked at by itself."""
    total, tick = timedelta(), NOW
    while tick < until:
        total += TICK if life.status_at(tick) in COUNTED else timedelta()
        tick += TICK
    return total


@given(lives())
def test_both_clocks_equal_the_slow_computation(life: Life) -> None:
    sla = life.seen()

    answered = first_answer(life)
    assert sla.response.ended_at == answered
    assert sla.response.elapsed == (answered or life.now) - NOW
    assert sla.resolution.elapsed == slow_resolution(life, life.now)
    response_by = TARGETS[life.promised_at(answered or life.now)].response
    assert sla.response.is_breached is (sla.response.elapsed > response_by)
    ended = sla.resolution.ended_at
    resolution_by = TARGETS[life.promised_at(ended or life.now)].resolution
    assert sla.resolution.is_breached is (sla.resolution.elapsed > resolution_by)


@given(lives())
def test_the_stretches_tile_the_life(life: Life) -> None:
    stretches = life.seen().timeline.segments

    assert stretches[0].start == NOW
    assert stretches[-1].end == life.now
    assert all(a.end == b.start for a, b in pairwise(stretches))
    assert all(a.end >= a.start for a in stretches)


@given(lives(), st.integers(0, 100))
def test_the_clocks_never_run_back(life: Life, ticks: int) -> None:
    now, later = life.seen(), life.seen(life.now + ticks * TICK)

    assert later.response.elapsed >= now.response.elapsed
    assert later.resolution.elapsed >= now.resolution.elapsed
    assert now.resolution.elapsed <= life.now - NOW


@given(lives())
def test_a_target_passes_exactly_when_it_is_reported_to_be_due(life: Life) -> None:
    for side in life.seen().sides:
        if side.due_at is not None:
            assert not getattr(life.seen(side.due_at), side.side).is_breached
            after = getattr(life.seen(side.due_at + SECOND), side.side)
            assert after.is_breached
            assert after.passed_at == side.due_at


@given(lives(), st.integers(0, 200))
def test_the_next_look_is_never_too_late_for_a_ticket_that_only_ages(
    life: Life, ticks: int
) -> None:
    looks_at = next_look(life.seen(), recorded=frozenset(), longest_pause=TICK)
    later = life.now + ticks * TICK

    breached = {s.side for s in life.seen(later).sides if s.is_breached}
    known = {s.side for s in life.seen().sides if s.is_breached}
    if breached - known:
        assert looks_at is not None
        assert looks_at <= later


@given(lives())
def test_recording_twice_changes_nothing(life: Life) -> None:
    first = record_breaches(life.ticket, life.seen(), known=frozenset())
    known = frozenset(b.side for b in breaches_of(first.ticket.metadata))

    seen = clock(first.ticket, now=life.now, answered_at=life.says)
    again = record_breaches(first.ticket, seen, known=known)

    assert not again.is_change
    assert known == {s.side for s in life.seen().sides if s.is_breached}


@given(st.sampled_from(LEVELS), st.lists(st.integers(1, 300), max_size=40))
def test_a_ticket_that_nobody_answers_is_raised_once_whenever_it_is_scanned(
    level: Priority, gaps: list[int]
) -> None:
    born = lifecycle.create(a_ticket(priority=level, assigned_to=None), by=None, now=NOW)
    ticket, now = born.ticket, NOW
    for gap in gaps:
        now += gap * TICK
        known: frozenset[Side] = frozenset(b.side for b in breaches_of(ticket.metadata))
        ticket = record_breaches(ticket, clock(ticket, now=now), known=known).ticket

    steps = LEVELS.index(ticket.priority) - LEVELS.index(level)
    assert 0 <= steps <= 1
    late = now - NOW > TARGETS[level].response
    assert (steps == 1) is (late and level is not Priority.URGENT)
    assert len(breaches_of(ticket.metadata)) == late + (now - NOW > TARGETS[level].resolution)
