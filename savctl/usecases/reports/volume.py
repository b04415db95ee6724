"""What came, went and came back over time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from itertools import chain

from savctl.domain.periods import Every, bucket, buckets
from savctl.domain.sla.targets import Beginning, entered
from savctl.domain.tickets.life_steps import DONE, STEPS
from savctl.persistence.engine import Database
from savctl.persistence.sla.report_reads import LivedUntil, customer_messages_by_day
from savctl.usecases.reports.sla_report import ReportSpan, life_pages


def report_volume(
    database: Database, span: ReportSpan, *, every: Every
) -> list[dict[str, object]]:
    """What came, went and came back in each part of a span, and what was left at its end."""
    counts: dict[str, Counter[str]] = {
        name: Counter() for name in buckets(span.since, span.until, every)
    }
    backlog = 0
    lived = LivedUntil(span.until, span.since)  # what was closed before it counts nowhere
    for page in life_pages(database, lived, span, answered=lambda _: False):
        for begun in chain((life.begun for life in page.lives), map(entered, page.tickets)):
            backlog += _add_life(counts, begun, span, every)
    with database.reading() as connection:
        days = customer_messages_by_day(connection, span.since, span.until)
    for day, count in days.items():
        counts[bucket(_midnight(day, span), every)]["customer_messages"] += count
    rows = []
    for name, tally in counts.items():
        backlog += tally["in"] - tally["out"]
        names = ("created", "resolved", "closed", "reopened", "customer_messages")
        rows.append({"period": name, **{k: tally[k] for k in names}, "backlog": backlog})
    return rows


def _add_life(
    counts: dict[str, Counter[str]], begun: Sequence[Beginning], span: ReportSpan, every: Every
) -> int:
    """Count what happened to a ticket in the span; answers 1 if it was open when that began."""
    was_open = False
    is_done: bool | None = None
    for status, start, _, _ in begun:
        before, is_done = is_done, status in DONE
        if start < span.since:
            was_open = not is_done
            continue
        if start >= span.until:
            break
        tally = counts[bucket(start, every)]
        for name in STEPS[before, status]:
            tally[name] += 1
    return int(was_open)


def _midnight(day: str, span: ReportSpan) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=span.since.tzinfo)
