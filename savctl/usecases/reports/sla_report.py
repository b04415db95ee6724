"""Reports of kept promises, and of what would have been kept under another policy.

Every figure about the SLA is computed from the history, ticket by ticket in pages, so that it
equals what `sla explain` shows for each of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol

from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.domain.periods import Every, bucket
from savctl.domain.sla.clock import Side, SlaClock, clock
from savctl.domain.sla.plain_life import PlainLife
from savctl.domain.sla.policy import Policies, Policy
from savctl.domain.sla.statistics import SlaStatistics
from savctl.domain.sla.targets import ClockSource
from savctl.domain.tickets.point_in_time import as_of
from savctl.persistence.engine import Database
from savctl.persistence.sla.report_reads import (
    CreatedBetween,
    TicketSpan,
    read_counted,
    read_lives,
    span_reader,
)
from savctl.persistence.tickets.messages import Messages

_PAGE = 1_000
NOBODY = "none"


class Counted(Protocol):
    """What a report groups by of a ticket."""

    @property
    def priority(self) -> Priority:
        """Its present priority."""
        ...

    @property
    def category(self) -> str | None:
        """Its category."""
        ...

    @property
    def assigned_to(self) -> int | None:
        """The agent who has it."""
        ...

    @property
    def created_at(self) -> datetime | None:
        """When it was created."""
        ...


GROUPS: dict[str, Callable[[Counted, SlaClock], str]] = {
    "priority": lambda _, seen: str(seen.promise.priority),
    "agent": lambda ticket, _: str(ticket.assigned_to or NOBODY),
    "category": lambda ticket, _: ticket.category or NOBODY,
    "month": lambda ticket, _: bucket(ticket.created_at, Every.MONTH),
    "week": lambda ticket, _: bucket(ticket.created_at, Every.WEEK),
    "day": lambda ticket, _: bucket(ticket.created_at, Every.DAY),
}


@dataclass(frozen=True, slots=True)
class ReportSpan:
    """From `since` (included) until `until`, seen from `now`; with `is_past`, as it was known
    at that earlier moment.
    """

    since: datetime
    until: datetime
    now: datetime
    is_past: bool = False


def report_sla(
    database: Database, span: ReportSpan, *, by: tuple[str, ...], policies: Policies
) -> dict[str, SlaStatistics]:
    """How the promises of the tickets created in a span were kept, grouped in several ways."""
    found = {name: SlaStatistics() for name in by}
    for ticket, seen in ticket_clocks(
        database, CreatedBetween(span.since, span.until), span, policies
    ):
        for name, statistics in found.items():
            statistics.add(GROUPS[name](ticket, seen), seen)
    return found


@dataclass(slots=True)
class Simulated:
    """The promises of one priority under the policy of their day and under another."""

    tickets: int = 0
    now: Counter[Side] = field(default_factory=Counter)
    then: Counter[Side] = field(default_factory=Counter)
    newly: Counter[Side] = field(default_factory=Counter)
    no_more: Counter[Side] = field(default_factory=Counter)

    def row(self, priority: str) -> dict[str, object]:
        """As a row of a report."""
        row: dict[str, object] = {"priority": priority, "tickets": self.tickets}
        for side in Side:
            row[f"{side}_breached"] = self.now[side]
            row[f"{side}_breached_then"] = self.then[side]
            row[f"{side}_newly_breached"] = self.newly[side]
            row[f"{side}_no_more_breached"] = self.no_more[side]
        return row


def simulate(
    database: Database, span: ReportSpan, other: Policy, *, policies: Policies
) -> dict[str, Simulated]:
    """Measure the tickets created in a span by other targets; nothing is changed."""
    found: dict[str, Simulated] = {}
    only = OnlyPolicy(other)
    for one in ticket_pages(database, CreatedBetween(span.since, span.until), span, policies):
        for ticket, answered_at in one:
            given = {"now": span.now, "answered_at": answered_at}
            before = clock(ticket, policies=policies, **given)  # type: ignore[arg-type]
            after = clock(ticket, policies=only, **given)  # type: ignore[arg-type]
            if before.is_counted and before.timeline.source is not ClockSource.PARTIAL:
                tally = found.setdefault(str(before.promise.priority), Simulated())
                _compare(tally, before, after)
    return found


class OnlyPolicy(Policies):
    """One policy for every promise, whatever version it names."""

    def numbered(self, version: object) -> Policy | None:
        """This one."""
        return self.current

    def of_the_day(self, moment: datetime | None) -> Policy:
        """This one."""
        return self.current


def ticket_clocks(
    database: Database, tickets: TicketSpan, span: ReportSpan, policies: Policies
) -> Iterator[tuple[Counted, SlaClock]]:
    """Each of these tickets with its clocks, as they were known at the span's moment."""
    for page in life_pages(database, tickets, span, policies):
        for ticket in page.counted():
            yield ticket, clocks_of(ticket, page.answers.get(ticket.id), span, policies)


def clocks_of(
    ticket: Ticket | PlainLife,
    answered_at: datetime | None,
    span: ReportSpan,
    policies: Policies,
) -> SlaClock:
    """Both clocks of what a page holds."""
    if isinstance(ticket, PlainLife):
        return ticket.clock(now=span.now, answered_at=answered_at, policies=policies)
    return clock(ticket, now=span.now, answered_at=answered_at, policies=policies)


class CountedPage(NamedTuple):
    """Tickets as they were known at a moment, and the first answers of those that were asked for.

    Those whose history proves everything are lives, all others are tickets.
    """

    lives: Sequence[PlainLife]
    tickets: Sequence[Ticket]
    answers: Mapping[int, datetime]

    def counted(self) -> Iterator[PlainLife | Ticket]:
        """All of them."""
        yield from self.lives
        yield from self.tickets


def life_pages(
    database: Database,
    wanted: TicketSpan,
    span: ReportSpan,
    policies: Policies | None = None,
    *,
    answered: Callable[[Status], bool] = lambda _: True,
) -> Iterator[CountedPage]:
    """Tickets with their first answers, a page in memory at a time.

    Tickets of a status whose answers are not needed `answered` leaves out: to look them all up
    takes as long as to read the tickets.
    """
    with database.reading() as connection:
        reader = span_reader(connection, wanted)
    until = span.now if span.is_past else None
    after_id = 0
    while True:
        with database.reading() as connection:
            page = read_lives(connection, reader, after_id=after_id, limit=_PAGE, until=until)
            if page.last_id is None:
                return
            known = page.tickets
            if span.is_past:
                known = [as_of(ticket, span.now, policies) for ticket in known]
            asked = [life.id for life in page.lives if answered(life.status)]
            also = zip(page.tickets, known, strict=True)
            messages = Messages(connection)
            answers = messages.first_public(asked)
            answers |= messages.first_answers([now for now, then in also if answered(then.status)])
        if span.is_past:
            answers = {ticket: at for ticket, at in answers.items() if at <= span.now}
        yield CountedPage(page.lives, known, answers)
        after_id = page.last_id


def ticket_pages(
    database: Database,
    wanted: TicketSpan,
    span: ReportSpan,
    policies: Policies | None = None,
) -> Iterator[list[tuple[Ticket, datetime | None]]]:
    """The same for what needs more of each ticket than its life."""
    with database.reading() as connection:
        reader = span_reader(connection, wanted)
    after_id = 0
    while True:
        with database.reading() as connection:
            tickets, last_id = read_counted(connection, reader, after_id=after_id, limit=_PAGE)
            answers = Messages(connection).first_answers(tickets)
        if last_id is None:
            return
        found = [(ticket, answers.get(ticket.id)) for ticket in tickets]
        yield [_as_known(*one, span.now, policies) for one in found] if span.is_past else found
        after_id = last_id


def _as_known(
    ticket: Ticket, answered_at: datetime | None, now: datetime, policies: Policies | None
) -> tuple[Ticket, datetime | None]:
    is_answered = answered_at is not None and answered_at <= now
    return as_of(ticket, now, policies), answered_at if is_answered else None


def _compare(tally: Simulated, before: SlaClock, after: SlaClock) -> None:
    tally.tickets += 1
    for old, new in zip(before.sides, after.sides, strict=True):
        tally.now[old.side] += old.is_breached
        tally.then[old.side] += new.is_breached
        tally.newly[old.side] += new.is_breached and not old.is_breached
        tally.no_more[old.side] += old.is_breached and not new.is_breached
