"""The SLA clock: what was promised, and how long the ticket's time has run (rules 4.2, 4.4, 4.8).

Both are pure functions of the ticket and its history; nothing is accumulated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from savctl.domain.history import CHAIN, Action
from savctl.domain.priority import Priority
from savctl.domain.states import Status
from savctl.domain.ticket import Ticket


@dataclass(frozen=True, slots=True)
class Target:
    """How soon a ticket is to be answered and to be resolved."""

    response: timedelta
    resolution: timedelta


TARGETS: Mapping[Priority, Target] = MappingProxyType(
    {
        Priority.LOW: Target(timedelta(hours=48), timedelta(days=7)),
        Priority.MEDIUM: Target(timedelta(hours=24), timedelta(days=3)),
        Priority.HIGH: Target(timedelta(hours=4), timedelta(days=1)),
        Priority.URGENT: Target(timedelta(hours=1), timedelta(hours=4)),
    }
)
POLICY = 1  # the specification's targets; a later policy gets its own number

COUNTED = frozenset({Status.OPEN, Status.IN_PROGRESS})
_VALUES = frozenset(map(str, Status))


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the ticket's life in one status: from `start` (included) to `end`."""

    status: Status
    start: datetime
    end: datetime

    @property
    def counted(self) -> timedelta:
        """What it adds to the resolution clock; a stretch that runs backwards adds nothing."""
        if self.status not in COUNTED:
            return timedelta()
        return max(self.end - self.start, timedelta())


def segments(ticket: Ticket, *, until: datetime) -> tuple[Segment, ...]:
    """The ticket's life up to `until`, oldest first; derived from its columns if need be."""
    entered = list(_entered(ticket)) or list(_derived(ticket))
    ends = [start for _, start in entered[1:]] + [until]
    return tuple(
        Segment(status, start, end) for (status, start), end in zip(entered, ends, strict=True)
    )


def resolution_elapsed(ticket: Ticket, *, until: datetime) -> timedelta:
    """How long the resolution clock has run."""
    return sum((s.counted for s in segments(ticket, until=until)), timedelta())


def promise(ticket: Ticket) -> Priority:
    """The priority whose targets hold: of creation or of the last change by hand."""
    stored = ticket.metadata.object_at("sla").get("promise")
    if isinstance(stored, dict) and stored.get("priority") in tuple(Priority):
        return Priority(stored["priority"])
    return ticket.priority


def is_resolution_met(ticket: Ticket, *, until: datetime) -> bool:
    """Whether the resolution target still held; exactly on time is met (rules 4.6)."""
    return resolution_elapsed(ticket, until=until) <= TARGETS[promise(ticket)].resolution


def _entered(ticket: Ticket) -> Iterator[tuple[Status, datetime]]:
    """Each status with the moment of entry, as the history tells."""
    for entry in ticket.metadata.history:
        if entry.action not in CHAIN or str(entry.after) not in _VALUES:
            continue
        status = Status(str(entry.after))
        if entry.action == Action.IMPORTED:
            yield from _before_import(ticket, status, entry.at)
        elif entry.action == Action.CREATED and ticket.created_at is not None:
            yield status, ticket.created_at
        else:
            yield status, entry.at


def _before_import(
    ticket: Ticket, status: Status, at: datetime
) -> Iterator[tuple[Status, datetime]]:
    """What the stamps of an imported ticket tell of its life elsewhere.

    As for a ticket without history, the clock ran until it waited or ended.
    """
    born = ticket.created_at or at
    if status in COUNTED:
        yield status, born
        return
    yield Status.OPEN, born
    ended = ticket.resolved_at if status is Status.CLOSED else None
    yield status, min(ended or at, at)


def _derived(ticket: Ticket) -> Iterator[tuple[Status, datetime]]:
    """The same for a ticket without history: another program made it (rules 4.5)."""
    start = ticket.created_at or ticket.updated_at
    if start is None:
        return
    yield Status.OPEN, start
    left = {
        Status.WAITING_CUSTOMER: ticket.updated_at,
        Status.RESOLVED: ticket.resolved_at or ticket.updated_at,
        Status.CLOSED: ticket.resolved_at or ticket.closed_at or ticket.updated_at,
    }.get(ticket.status)
    if left is not None:
        yield ticket.status, left
