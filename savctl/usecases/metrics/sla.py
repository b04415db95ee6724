"""SLA: what is breached now, what is due soon, what was kept, what was ever breached."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from types import MappingProxyType

from savctl.domain.clock import to_the_second
from savctl.domain.metrics.families import MetricSample, counter, gauge
from savctl.domain.sla.clock import Running, Side
from savctl.domain.sla.statistics import SideTally, SlaStatistics
from savctl.persistence.metrics.desk import TicketsAtWork
from savctl.persistence.sla.breaches import BREACHES_TOTAL
from savctl.persistence.sla.report_reads import CreatedBetween
from savctl.usecases.metrics.figures import Figure
from savctl.usecases.metrics.subject import MetricPlaces, MetricSubject, Scrape
from savctl.usecases.reports.sla_report import ReportSpan, ticket_clocks

DUE_SOON = timedelta(hours=2)
WINDOWS: Mapping[str, timedelta] = MappingProxyType(
    {"24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30)}
)
_RUNNING = gauge(
    "savctl_sla_running_breaches",
    "Tickets whose clock is over its target and still runs.",
    "support_tickets and their histories, counted after sla-escalation",
    "side",
)
_SOON = gauge(
    "savctl_sla_due_soon",
    "Targets that pass within 2 hours.",
    "support_tickets and their histories, counted after sla-escalation",
    "side",
)
_MET = gauge(
    "savctl_sla_met_ratio",
    "Share of the decided targets that were met, of tickets created in the window (0 to 1).",
    "support_tickets and their histories, counted after close-resolved",
    *("side", "priority", "window"),
    unit="ratio",
)
_BREACHES = counter(
    BREACHES_TOTAL,
    "Breaches that were recorded.",
    "savctl_totals, raised with each row of savctl_sla_breaches",
    "side",
)


def _count_desk(places: MetricPlaces) -> Iterator[MetricSample]:
    now = to_the_second(places.clock())
    running, soon = Counter[Side](), Counter[Side]()
    span = ReportSpan(now, now, now)
    clocks = ticket_clocks(places.database, TicketsAtWork(), span, places.policies())
    for _, seen in clocks:
        if not seen.is_trusted:
            continue
        for side in seen.sides:
            running[side.side] += side.is_breached and side.running is Running.RUNNING
            soon[side.side] += side.due_at is not None and side.due_at <= now + DUE_SOON
    for one in Side:
        yield _RUNNING.sample(running[one], str(one))
        yield _SOON.sample(soon[one], str(one))


def _count_met(places: MetricPlaces) -> Iterator[MetricSample]:
    now = to_the_second(places.clock())
    since = now - max(WINDOWS.values())
    found = {window: SlaStatistics() for window in WINDOWS}
    clocks = ticket_clocks(
        places.database, CreatedBetween(since, now), ReportSpan(since, now, now), places.policies()
    )
    for ticket, seen in clocks:
        for window, length in WINDOWS.items():
            if ticket.created_at is not None and ticket.created_at >= now - length:
                found[window].add(str(seen.promise.priority), seen)
    for window, statistics in found.items():
        for priority, group in sorted(statistics.groups.items()):
            yield from _ratio(group.response, Side.RESPONSE, priority, window)
            yield from _ratio(group.resolution, Side.RESOLUTION, priority, window)


def _ratio(tally: SideTally, side: Side, priority: str, window: str) -> Iterator[MetricSample]:
    decided = tally.met + tally.breached
    if decided:
        yield _MET.sample(tally.met / decided, str(side), priority, window)


def _read(scrape: Scrape) -> Iterator[MetricSample]:
    for side in Side:
        yield _BREACHES.sample(scrape.total(BREACHES_TOTAL, str(side)), str(side))


SLA = MetricSubject(name="breaches", families=(_BREACHES,), read=_read)
RUNNING_CLOCKS = Figure(
    name="desk",
    families=(_RUNNING, _SOON),
    job="sla-escalation",
    every=timedelta(seconds=60),
    live_up_to=1_000,
    count=_count_desk,
)
KEPT_PROMISES = Figure(
    name="sla",
    families=(_MET,),
    job="close-resolved",
    every=timedelta(minutes=10),
    live_up_to=1_000,
    count=_count_met,
)
