"""Tickets by status and priority."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from savctl.domain.metrics.families import MetricSample, gauge
from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.persistence.metrics import desk
from savctl.usecases.metrics.figures import Figure
from savctl.usecases.metrics.subject import MetricPlaces, MetricSubject, Scrape

_TICKETS = gauge(
    "savctl_tickets",
    "Tickets that are not archived, by status and priority.",
    "support_tickets, counted after sla-escalation",
    *("status", "priority"),
)
_UNASSIGNED = gauge(
    "savctl_tickets_unassigned",
    "Tickets that are open, in progress or waiting, and have no agent.",
    "support_tickets",
)


def _count(places: MetricPlaces) -> Iterator[MetricSample]:
    with places.database.reading() as connection:
        found = desk.count_by_status_and_priority(connection)
    for status in Status:
        for priority in Priority:
            count = found.get((str(status), str(priority)), 0)
            yield _TICKETS.sample(count, str(status), str(priority))


def _read(scrape: Scrape) -> Iterator[MetricSample]:
    yield _UNASSIGNED.sample(desk.count_unassigned(scrape.connection))


TICKET_COUNTS = Figure(
    name="tickets",
    families=(_TICKETS,),
    job="sla-escalation",
    every=timedelta(seconds=30),
    live_up_to=50_000,
    count=_count,
)
TICKETS = MetricSubject(name="unassigned", families=(_UNASSIGNED,), read=_read)
