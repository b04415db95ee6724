"""What a demo left behind, as plain values: what was closed and why, the queue, the outbox."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from savctl.domain.model.history import CHAIN, HistoryEntry
from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.domain.model.ticket_filter import TicketFilter
from savctl.domain.tickets.closing import LastPublic
from savctl.persistence.engine import Database
from savctl.persistence.tickets import counts as overview
from savctl.persistence.tickets.messages import Messages
from savctl.persistence.tickets.ticket_lists import list_tickets

SYSTEM, HAND = "system", "hand"
_REASONS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """One closed ticket, as its history explains it."""

    number: str
    subject: str
    reason: str
    by: str
    before: str
    entered_at: datetime | None
    closed_at: datetime


@dataclass(slots=True)
class Closings:
    """How often tickets were closed for which reason, with the newest of each."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    newest: dict[tuple[str, str], Closing] = field(default_factory=dict)
    unexplained: int = 0

    def add(self, ticket: Ticket, entry: HistoryEntry | None) -> None:
        """Count one closed ticket."""
        if entry is None or not ticket.metadata.history or entry.at is None:
            self.unexplained += 1
            return
        by = SYSTEM if entry.actor is None else HAND
        reason = (entry.reason or "no reason given").partition(" TKT-")[0]
        self.counts[by, reason] += 1
        known = self.newest.get((by, reason))
        if known is None or known.closed_at < entry.at:
            self.newest[by, reason] = _closing(ticket, entry, by)


def closings(database: Database) -> Closings:
    """Why every closed ticket was closed, from its history alone."""
    found = Closings()
    with database.reading() as connection:
        for ticket, entry in overview.closings(connection):
            found.add(ticket, entry)
    return found


def summary(database: Database) -> dict[str, Any]:
    """Everything on the screen."""
    closed = closings(database)
    with database.reading() as connection:
        queue = overview.queue(connection)
        waiting = overview.waiting_events(connection)
        sizes = overview.sizes(connection)
    return {
        **sizes,
        "closed": [
            {"by": by, "reason": reason, "count": count}
            for (by, reason), count in closed.counts.most_common(_REASONS)
        ],
        "unexplained": closed.unexplained,
        "examples": _examples(closed),
        "queue": {
            status: {level: queue.get((status, level), 0) for level in reversed(tuple(Priority))}
            for status in Status
            if status is not Status.CLOSED
        },
        "held": _held(database),
        "outbox": dict(waiting.most_common()),
    }


def _closing(ticket: Ticket, entry: HistoryEntry, by: str) -> Closing:
    entered = [e for e in ticket.metadata.history if e.action in CHAIN and e.after == entry.before]
    return Closing(
        number=ticket.ticket_number,
        subject=ticket.subject,
        reason=entry.reason or "no reason given",
        by=by,
        before=str(entry.before),
        entered_at=entered[-1].at if entered else None,
        closed_at=entry.at,
    )


def _examples(closed: Closings) -> list[dict[str, Any]]:
    """One ticket for each reason, those of the jobs first."""
    order = sorted(closed.counts, key=lambda key: (key[0] != SYSTEM, -closed.counts[key]))
    return [
        {name: getattr(closed.newest[key], name) for name in Closing.__slots__}
        for key in order[:3]
    ]


def _held(database: Database) -> list[str]:
    """Resolved tickets that close-resolved leaves, because their customer wrote again."""
    resolved = list(list_tickets(database, TicketFilter(statuses=(Status.RESOLVED,)), limit=500))
    with database.reading() as connection:
        last = Messages(connection).last_public(resolved)
    return [t.ticket_number for t in resolved if _is_held(t, last.get(t.id, LastPublic()))]


def _is_held(ticket: Ticket, last: LastPublic) -> bool:
    if ticket.resolved_at is None or last.customer_at is None:
        return False
    return last.customer_at >= ticket.resolved_at
