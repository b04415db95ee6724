"""SLA: what is breached now, what is due soon, what was kept, what was ever breached."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from savctl.domain.clock import to_the_second
from savctl.domain.metrics.families import MetricSample, counter, gauge
from savctl.domain.sla.clock import Running, Side, SlaClock, clock
from savctl.domain.sla.statistics import SideTally, SlaStatistics
from savctl.domain.sla.targets import COUNTED
from savctl.persistence.engine import Database
from savctl.persistence.metrics.desk import breached_at_work
from savctl.persistence.sla.breaches import BREACHES_TOTAL, Ledger
from savctl.persistence.sla.report_reads import CreatedBetween
from savctl.persistence.tickets.candidates import read_tickets
from savctl.persistence.tickets.messages import Messages
from savctl.usecases.metrics.figures import Figure
from savctl.usecases.metrics.subject import MetricPlaces, MetricSubject, Scrape
from savctl.usecases.reports.sla_report import ReportSpan, ticket_clocks
from savctl.usecases.sla.due import ids_due

DUE_SOON = timedelta(hours=2)
_SECOND = timedelta(seconds=1)  # an alarm rings a second after its target passed
_PAGE = 1_000
WINDOWS: Mapping[str, timedelta] = MappingProxyType(
    {"24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30)}
)
_RUNNING = gauge(
    "savctl_sla_running_breaches",
    "Tickets whose clock is over its target and still runs.",
    "histories of tickets that alarms or ledger name, counted after sla-escalation",
    "side",
)
_SOON = gauge(
    "savctl_sla_due_soon",
    "Targets that pass within 2 hours.",
    "histories of tickets that alarms or ledger name, counted after sla-escalation",
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
    """Counted without reading every ticket at work, of which hardly any is late or soon due."""
    now = to_the_second(places.clock())
    running, soon = Counter[Side](), Counter[Side]()
    for seen in _pressing_clocks(places, now):
        if not seen.is_trusted:
            continue
        for side in seen.sides:
            running[side.side] += side.is_breached and side.running is Running.RUNNING
            soon[side.side] += side.due_at is not None and side.due_at <= now + DUE_SOON
    for one in Side:
        yield _RUNNING.sample(running[one], str(one))
        yield _SOON.sample(soon[one], str(one))


def _pressing_clocks(places: MetricPlaces, now: datetime) -> Iterator[SlaClock]:
    """The clocks of the tickets at work that may be late or soon due.

    A breach that has been recorded is in the ledger, and no other one comes before its alarm.
    """
    policies = places.policies()
    for ids in _pressing_tickets(places.database, now):
        with places.database.reading() as connection:
            tickets = [t for t in read_tickets(connection, ids) if t.status in COUNTED]
            answers = Messages(connection).first_answers(tickets)
        for ticket in tickets:
            yield clock(ticket, now=now, answered_at=answers.get(ticket.id), policies=policies)


def _pressing_tickets(database: Database, now: datetime) -> Iterator[Sequence[int]]:
    for ids, _ in ids_due(database, now + DUE_SOON + _SECOND):
        with database.reading() as connection:
            recorded = Ledger(connection).sides(ids)
        yield [ticket_id for ticket_id in ids if ticket_id not in recorded]
    ids = [0]
    while ids:
        with database.reading() as connection:
            ids = breached_at_work(connection, after_id=ids[-1], limit=_PAGE)
        yield ids


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
