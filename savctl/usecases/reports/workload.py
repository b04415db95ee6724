"""Who has how much to do, and what became of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.domain.sla.clock import Side, solution
from savctl.domain.sla.plain_life import PlainLife
from savctl.domain.sla.policy import Policies
from savctl.domain.sla.statistics import Spans
from savctl.domain.sla.targets import COUNTED
from savctl.persistence.engine import Database
from savctl.persistence.sla.report_reads import LivedUntil, breaches_by
from savctl.usecases.reports.sla_report import NOBODY, ReportSpan, clocks_of, life_pages

_SOON = timedelta(hours=24)
_CLOSED = Status.CLOSED  # to ask an Enum for it takes longer than to compare it


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
    for page in life_pages(database, lived, span, policies, answered=COUNTED.__contains__):
        for ticket in page.counted():
            name = str(getattr(ticket, by) or NOBODY)
            if name not in found:
                found[name] = Work()
            _add_work(found[name], ticket, page.answers.get(ticket.id), span, policies)
    with database.reading() as connection:
        for (held, side), count in breaches_by(connection, by, span.since, span.until).items():
            found.setdefault(str(held or NOBODY), Work()).breaches[side] += count
    return found


def _add_work(
    work: Work,
    ticket: Ticket | PlainLife,
    answered_at: datetime | None,
    span: ReportSpan,
    policies: Policies,
) -> None:
    """Count a ticket; both of its clocks are needed while it is worked on alone."""
    if ticket.status is not _CLOSED:
        work.statuses[str(ticket.status)] += 1
    if ticket.status in COUNTED:
        seen = clocks_of(ticket, answered_at, span, policies)
        if seen.is_trusted:
            work.overdue += any(side.is_breached for side in seen.sides)
            work.due_soon += any(
                side.due_at is not None and side.due_at <= span.now + _SOON for side in seen.sides
            )
        return
    if isinstance(ticket, PlainLife):
        solved = ticket.solution(now=span.now)
    else:
        solved = solution(ticket, now=span.now)
    if solved is not None and span.since <= solved[0] < span.until:
        work.solved.add(solved[1])
