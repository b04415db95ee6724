"""Who has how much to do, and what became of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.domain.sla.clock import Side, clock, solution
from savctl.domain.sla.policy import Policies
from savctl.domain.sla.statistics import Spans
from savctl.domain.sla.targets import COUNTED
from savctl.persistence.engine import Database
from savctl.persistence.sla.report_reads import LivedUntil, breaches_by
from savctl.usecases.reports.sla_report import NOBODY, ReportSpan, ticket_pages

_SOON = timedelta(hours=24)


@dataclass(slots=True)
class Work:
    """What an agent, or another group of tickets, has to do, and what was done in a span."""

    statuses: Counter[str] = field(default_factory=Counter)
    overdue: int = 0
    due_soon: int = 0
    solved: Spans = field(default_factory=Spans)
    breaches: Counter[Side] = field(default_factory=Counter)

    def row(self, key: str, name: str) -> dict[str, object]:
        """As a row of a report, its name under `key`."""
        return {
            key: name,
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


def report_workload(
    database: Database, span: ReportSpan, *, by: str, policies: Policies
) -> dict[str, Work]:
    """Who holds what now, what is late, and what was solved and breached in a span.

    `by` is the column of the ticket that groups it: assigned_to, category or priority.
    """
    found: dict[str, Work] = {}
    lived = LivedUntil(span.until, since=span.since)
    # a ticket that is done now may have been at work in the past
    answered = _is_anyone if span.is_past else _is_at_work
    for page in ticket_pages(database, lived, span, policies, answered=answered):
        for ticket, answered_at in page:
            name = str(getattr(ticket, by) or NOBODY)
            if name not in found:
                found[name] = Work()
            _add_work(found[name], ticket, answered_at, span, policies)
    with database.reading() as connection:
        for (held, side), count in breaches_by(connection, by, span.since, span.until).items():
            found.setdefault(str(held or NOBODY), Work()).breaches[side] += count
    return found


def _is_at_work(ticket: Ticket) -> bool:
    return ticket.status in COUNTED


def _is_anyone(_: Ticket) -> bool:
    return True


def _add_work(
    work: Work,
    ticket: Ticket,
    answered_at: datetime | None,
    span: ReportSpan,
    policies: Policies,
) -> None:
    """Count a ticket; both of its clocks are needed while it is worked on alone."""
    if ticket.status is not Status.CLOSED:
        work.statuses[str(ticket.status)] += 1
    if _is_at_work(ticket):
        seen = clock(ticket, now=span.now, answered_at=answered_at, policies=policies)
        if seen.is_trusted:
            work.overdue += any(side.is_breached for side in seen.sides)
            work.due_soon += any(
                side.due_at is not None and side.due_at <= span.now + _SOON for side in seen.sides
            )
    elif (solved := solution(ticket, now=span.now)) is not None:
        ended_at, minutes = solved
        if span.since <= ended_at < span.until:
            work.solved.add(minutes)
