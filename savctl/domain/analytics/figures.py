"""What one ticket adds to the figures of analytics, and when (rules 15.4).

Each figure stands on the day of its own event. Volume is counted as `report volume` counts it,
promises as `report sla` does (docs/analytics.md defines each figure).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from savctl.domain.clock import instant, to_the_second
from savctl.domain.model.metadata import Metadata
from savctl.domain.model.ticket import Ticket
from savctl.domain.sla.clock import Running, SideClock, SlaClock
from savctl.domain.sla.targets import entered
from savctl.domain.tickets.life_steps import DONE, STEPS

COUNTS = (
    *("created", "resolved", "reopened", "closed", "merged"),
    *("response_met", "response_missed", "resolution_met", "resolution_missed"),
)
SPANS = ("response_minutes", "resolution_minutes")
_BACKLOG = {"in": 1, "out": -1}


class FigureEvent(NamedTuple):
    """A ticket is counted once in a figure; of one of `SPANS`, with whole minutes."""

    at: datetime
    figure: str
    minutes: int | None = None


class TicketFigures(NamedTuple):
    """The events of a ticket, and when it joined (1) and left (-1) the backlog."""

    events: tuple[FigureEvent, ...]
    backlog: tuple[tuple[datetime, int], ...]


def ticket_figures(ticket: Ticket, seen: SlaClock) -> TicketFigures:
    """What a ticket adds to the figures, whatever the month.

    Of a history that runs backwards each step counts at the latest time before it. A ticket whose
    clock is no proof, or that was merged into another, has no figures of promises.
    """
    events: list[FigureEvent] = []
    backlog: list[tuple[datetime, int]] = []
    is_done: bool | None = None
    latest: datetime | None = None
    for status, start, _, _ in entered(ticket):
        before, is_done = is_done, status in DONE
        latest = start if latest is None else max(start, latest)
        for name in STEPS[before, status]:
            if name in _BACKLOG:
                backlog.append((latest, _BACKLOG[name]))
            else:
                events.append(FigureEvent(latest, name))
    if (merged := merged_at(ticket.metadata)) is not None:
        events.append(FigureEvent(merged, "merged"))
    if seen.is_trusted:
        for side in seen.sides:
            events += _kept(side)
    return TicketFigures(tuple(events), tuple(backlog))


def merged_at(metadata: Metadata) -> datetime | None:
    """When a ticket was merged into another one, here or where it was imported from."""
    link: object = metadata.object_at("merged_into")
    if not link:
        link = metadata.object_at("imported_from").get("merged_into")
    found = instant(link.get("at")) if isinstance(link, Mapping) else None
    return None if found is None else to_the_second(found)


def _kept(side: SideClock) -> Iterator[FigureEvent]:
    """Whether a promise was kept, on the day that decided it; how long it took, at its end."""
    if side.is_breached:
        if side.passed_at is not None:
            yield FigureEvent(side.passed_at, f"{side.side}_missed")
    elif side.running is Running.ENDED and side.ended_at is not None:
        yield FigureEvent(side.ended_at, f"{side.side}_met")
    if side.running is Running.ENDED and side.ended_at is not None:
        yield FigureEvent(side.ended_at, f"{side.side}_minutes", side.actual_minutes)
