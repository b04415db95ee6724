"""Reports: kept promises, work by agent, volume over time; and the same under another policy.

Every figure about the SLA is computed from the history, ticket by ticket in pages, so that it
equals what `sla explain` says of each of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from savctl.domain.buckets import Every, bucket, buckets
from savctl.domain.policy import Policies, Policy
from savctl.domain.sla import COUNTED, Source, timeline
from savctl.domain.sla_clock import Side, SlaClock, clock
from savctl.domain.sla_statistics import SlaStatistics, Spans
from savctl.domain.states import Status
from savctl.domain.ticket import Ticket
from savctl.persistence.candidates import Pages, read_tickets
from savctl.persistence.engine import Database
from savctl.persistence.report_reads import (
    Created,
    LivedUntil,
    breaches_by_agent,
    customer_messages_by_day,
)
from savctl.persistence.sla_facts import sla_facts

_PAGE = 1_000
_SOON = timedelta(hours=24)
_DONE = frozenset({Status.RESOLVED, Status.CLOSED})
NOBODY = "none"
GROUPS: dict[str, Callable[[Ticket, SlaClock], str]] = {
    "priority": lambda _, seen: str(seen.promise.priority),
    "agent": lambda ticket, _: str(ticket.assigned_to or NOBODY),
    "category": lambda ticket, _: ticket.category or NOBODY,
    "month": lambda ticket, _: bucket(ticket.created_at, Every.MONTH),
    "week": lambda ticket, _: bucket(ticket.created_at, Every.WEEK),
    "day": lambda ticket, _: bucket(ticket.created_at, Every.DAY),
}


@dataclass(frozen=True, slots=True)
class Span:
    """From `since` (included) until `until`, seen from `now`."""

    since: datetime
    until: datetime
    now: datetime


def report_sla(
    database: Database, span: Span, *, by: tuple[str, ...], policies: Policies
) -> dict[str, SlaStatistics]:
    """How the promises of the tickets created in a span were kept, grouped in several ways."""
    found = {name: SlaStatistics() for name in by}
    for ticket, seen in _clocks(database, Created(span.since, span.until), span.now, policies):
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
    database: Database, span: Span, other: Policy, *, policies: Policies
) -> dict[str, Simulated]:
    """Measure the tickets created in a span by other targets; nothing is changed."""
    found: dict[str, Simulated] = {}
    only = OnlyPolicy(other)
    for one in _pages(database, Created(span.since, span.until)):
        for ticket, answered_at in one:
            given = {"now": span.now, "answered_at": answered_at}
            before = clock(ticket, policies=policies, **given)  # type: ignore[arg-type]
            after = clock(ticket, policies=only, **given)  # type: ignore[arg-type]
            if before.is_counted and before.timeline.source is not Source.PARTIAL:
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


@dataclass(slots=True)
class AgentWork:
    """What one agent has, and did in a span."""

    statuses: Counter[str] = field(default_factory=Counter)
    overdue: int = 0
    due_soon: int = 0
    solved: Spans = field(default_factory=Spans)
    breaches: Counter[Side] = field(default_factory=Counter)

    def row(self, agent: str) -> dict[str, object]:
        """As a row of a report."""
        return {
            "agent_id": agent,
            "open": self.statuses["open"],
            "in_progress": self.statuses["in_progress"],
            "waiting_customer": self.statuses["waiting_customer"],
            "resolved": self.statuses["resolved"],
            "overdue": self.overdue,
            "due_in_24h": self.due_soon,
            "solved_in_period": self.solved.counts.total(),
            "median_resolution_minutes": self.solved.percentile(50),
            "response_breaches": self.breaches[Side.RESPONSE],
            "resolution_breaches": self.breaches[Side.RESOLUTION],
        }


def report_workload(database: Database, span: Span, *, policies: Policies) -> dict[str, AgentWork]:
    """Who holds what now, what is late, and what was solved and breached in a span."""
    found: dict[str, AgentWork] = {}
    pages = LivedUntil(span.until, since=span.since)
    for ticket, seen in _clocks(database, pages, span.now, policies):
        work = found.setdefault(str(ticket.assigned_to or NOBODY), AgentWork())
        _add_work(work, ticket, seen, span)
    with database.reading() as connection:
        for (agent, side), count in breaches_by_agent(connection, span.since, span.until).items():
            found.setdefault(str(agent or NOBODY), AgentWork()).breaches[side] += count
    return found


def report_volume(database: Database, span: Span, *, every: Every) -> list[dict[str, object]]:
    """What came, went and came back in each part of a span, and what was left at its end."""
    counts: dict[str, Counter[str]] = {
        name: Counter() for name in buckets(span.since, span.until, every)
    }
    backlog = 0
    for page in _pages(database, LivedUntil(span.until)):
        for ticket, _ in page:
            backlog += _add_life(counts, ticket, span, every)
    with database.reading() as connection:
        days = customer_messages_by_day(connection, span.since, span.until)
    for day, count in days.items():
        counts[bucket(_midnight(day, span), every)]["customer_messages"] += count
    rows = []
    for name, tally in counts.items():
        backlog += tally["in"] - tally["out"]
        told = ("created", "resolved", "closed", "reopened", "customer_messages")
        rows.append({"period": name, **{k: tally[k] for k in told}, "backlog": backlog})
    return rows


def _clocks(
    database: Database, pages: Pages, now: datetime, policies: Policies
) -> Iterator[tuple[Ticket, SlaClock]]:
    for page in _pages(database, pages):
        for ticket, answered_at in page:
            yield ticket, clock(ticket, now=now, answered_at=answered_at, policies=policies)


def _pages(database: Database, pages: Pages) -> Iterator[list[tuple[Ticket, datetime | None]]]:
    """Tickets with their first answers, a page in memory at a time."""
    after_id = 0
    while True:
        with database.reading() as connection:
            ids = pages.page(connection, after_id=after_id, limit=_PAGE)
            tickets = read_tickets(connection, ids) if ids else []
            facts = sla_facts(connection, tickets) if ids else {}
        if not ids:
            return
        yield [(ticket, facts[ticket.id].answered_at) for ticket in tickets]
        after_id = ids[-1]


def _compare(tally: Simulated, before: SlaClock, after: SlaClock) -> None:
    tally.tickets += 1
    for old, new in zip(before.sides, after.sides, strict=True):
        tally.now[old.side] += old.is_breached
        tally.then[old.side] += new.is_breached
        tally.newly[old.side] += new.is_breached and not old.is_breached
        tally.no_more[old.side] += old.is_breached and not new.is_breached


def _add_work(work: AgentWork, ticket: Ticket, seen: SlaClock, span: Span) -> None:
    if ticket.status is not Status.CLOSED:
        work.statuses[str(ticket.status)] += 1
    if ticket.status in COUNTED and seen.is_trusted:
        work.overdue += any(side.is_breached for side in seen.sides)
        work.due_soon += any(
            side.due_at is not None and side.due_at <= span.now + _SOON for side in seen.sides
        )
    ended_at = seen.resolution.ended_at
    if seen.is_counted and ended_at is not None and span.since <= ended_at < span.until:
        work.solved.add(seen.resolution.actual_minutes)


def _add_life(counts: dict[str, Counter[str]], ticket: Ticket, span: Span, every: Every) -> int:
    """Count what happened to a ticket in the span; answers 1 if it was open when that began."""
    was_open = False
    is_done: bool | None = None
    for stretch in timeline(ticket, until=span.now).segments:
        before, is_done = is_done, stretch.status in _DONE
        if stretch.start < span.since:
            was_open = not is_done
            continue
        if stretch.start >= span.until:
            break
        tally = counts[bucket(stretch.start, every)]
        tally["created"] += before is None
        tally["in"] += not is_done and before is not False
        tally["out"] += is_done and before is False
        tally["resolved"] += stretch.status is Status.RESOLVED
        tally["closed"] += stretch.status is Status.CLOSED
        tally["reopened"] += before is True and not is_done
    return int(was_open)


def _midnight(day: str, span: Span) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=span.since.tzinfo)
