"""What came, went and came back over time."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from savctl.domain.buckets import Every, bucket, buckets
from savctl.domain.sla import timeline
from savctl.domain.states import Status
from savctl.domain.ticket import Ticket
from savctl.persistence.engine import Database
from savctl.persistence.report_reads import LivedUntil, customer_messages_by_day
from savctl.usecases.reports.kept_promises import Span, ticket_pages

_DONE = frozenset({Status.RESOLVED, Status.CLOSED})


def report_volume(database: Database, span: Span, *, every: Every) -> list[dict[str, object]]:
    """What came, went and came back in each part of a span, and what was left at its end."""
    counts: dict[str, Counter[str]] = {
        name: Counter() for name in buckets(span.since, span.until, every)
    }
    backlog = 0
    for page in ticket_pages(database, LivedUntil(span.until), span, answered=False):
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
