"""What a breach does: it is recorded and published once, and a late answer raises once.

Rules 4.2, 4.6, 4.7.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from savctl.domain.clock import to_the_second
from savctl.domain.events.events import Event, TicketSLABreach
from savctl.domain.model.history import Action, HistoryEntry
from savctl.domain.model.metadata import Metadata
from savctl.domain.model.priority import Priority, raised
from savctl.domain.model.ticket import Ticket
from savctl.domain.sla.breach import Breach, with_breach
from savctl.domain.sla.clock import Side, SideClock, SlaClock, new_breaches
from savctl.domain.sla.targets import COUNTED, ESCALATED, is_automatic
from savctl.domain.tickets.decision import Decision, history_entry, with_promise


def record_breaches(ticket: Ticket, seen: SlaClock, *, known: frozenset[Side]) -> Decision:
    """Record and publish the new breaches of a ticket, and raise its priority one level.

    Only a response breach raises, and only a ticket that is still worked on; the promise stays
    as it was, so that the raise breaches nothing (rules 4.2, 4.6, 4.7).
    """
    now = ticket.moment(seen.at)
    entries: list[HistoryEntry] = []
    events: list[Event] = []
    breaches: list[Breach] = []
    for side in new_breaches(seen, known=known):
        to = raised(ticket.priority)
        raises = side.side is Side.RESPONSE and ticket.status in COUNTED
        raises = raises and to is not ticket.priority
        breach = _breach(side, now, to if raises else None)
        breaches.append(breach)
        events.append(_event(ticket, breach))
        fields: dict[str, Any] = {"metadata": with_breach(_promised(ticket, seen), breach)}
        if raises:
            reason = f"{ESCALATED}: {side.expected_minutes} min promised"
            entry = history_entry(Action.PRIORITY, ticket.priority, to, None, now, reason)
            entries.append(entry)
            fields["metadata"] = fields["metadata"].with_history((entry,))
            fields |= {"priority": to, "updated_at": to_the_second(now)}
        ticket = ticket.changed(**fields)
    return Decision(
        ticket=ticket,
        at=now,
        entries=tuple(entries),
        events=tuple(events),
        breaches=tuple(breaches),
    )


def needs_a_look(decision: Decision) -> bool:
    """Whether a change may bring a breach closer than was thought: the scan must look again.

    A ticket came to be open or in progress (anew, or out of a pause), or its promise moved.
    """
    if decision.ticket.status not in COUNTED:
        return False
    return any(_brings_closer(entry) for entry in decision.entries)


def _brings_closer(entry: HistoryEntry) -> bool:
    if entry.action == Action.PRIORITY:
        return not is_automatic(entry)
    is_begun = entry.action in {Action.CREATED, Action.IMPORTED}
    return is_begun or (entry.action == Action.STATUS and entry.before not in COUNTED)


def _promised(ticket: Ticket, seen: SlaClock) -> Metadata:
    """The promise written down, else a raise would move that of another program's ticket."""
    if isinstance(ticket.metadata.object_at("sla").get("promise"), dict):
        return ticket.metadata
    given = seen.promise
    return with_promise(
        ticket, given.priority, given.since or seen.at, version=given.policy.version
    )


def _breach(side: SideClock, now: datetime, raised_to: Priority | None) -> Breach:
    return Breach(
        side=side.side,
        at=side.passed_at or now,
        found_at=now,
        priority=side.promise.priority,
        expected_minutes=side.expected_minutes,
        actual_minutes=side.actual_minutes,
        raised_to=raised_to,
    )


def _event(ticket: Ticket, breach: Breach) -> TicketSLABreach:
    return TicketSLABreach(
        ticket_id=ticket.id,
        ticket_number=ticket.ticket_number,
        priority=breach.priority,
        sla_type=str(breach.side),
        expected_minutes=breach.expected_minutes,
        actual_minutes=breach.actual_minutes,
        assigned_to=ticket.assigned_to,
    )
