"""What a breach does: it is recorded and published once, and a late answer raises once.

Rules 4.2, 4.6, 4.7.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from savctl.domain.clock import to_the_second
from savctl.domain.events.events import TicketSLABreach
from savctl.domain.model.history import Action, HistoryEntry
from savctl.domain.model.metadata import Metadata
from savctl.domain.model.priority import Priority, raised
from savctl.domain.model.ticket import Ticket
from savctl.domain.sla.breach import Breach, with_breaches
from savctl.domain.sla.clock import Side, SideClock, SlaClock, new_breaches
from savctl.domain.sla.targets import COUNTED, ESCALATED, is_automatic
from savctl.domain.tickets.decision import Decision, history_entry, with_promise

_RESPONSE, _PRIORITY = Side.RESPONSE, Action.PRIORITY  # an Enum is asked for them once
_BEGUN = frozenset({Action.CREATED, Action.IMPORTED})


def record_breaches(ticket: Ticket, seen: SlaClock, *, known: frozenset[Side]) -> Decision:
    """Record and publish the new breaches of a ticket, and raise its priority one level.

    Only a response breach raises, and only a ticket that is still worked on; the promise stays
    as it was, so that the raise breaches nothing (rules 4.2, 4.6, 4.7).
    """
    now, late = ticket.moment(seen.at), new_breaches(seen, known=known)
    if not late:
        return Decision(ticket=ticket, at=now)
    breaches = [_breach(side, now, _raised_to(ticket, side)) for side in late]
    entries = [_raise(ticket, one) for one in breaches if one.raised_to is not None]
    metadata = with_breaches(_promised(ticket, seen), breaches).with_history(entries)
    fields: dict[str, Any] = {"metadata": metadata}
    for one in breaches:
        if one.raised_to is not None:
            fields |= {"priority": one.raised_to, "updated_at": to_the_second(now)}
    return Decision(
        ticket=ticket.changed(**fields),
        at=now,
        entries=tuple(entries),
        events=tuple([_event(ticket, one) for one in breaches]),
        breaches=tuple(breaches),
    )


def _raised_to(ticket: Ticket, side: SideClock) -> Priority | None:
    """The level to which a breach of this side raises a ticket, None where it does not."""
    if side.side is not _RESPONSE or ticket.status not in COUNTED:
        return None
    to = raised(ticket.priority)
    return to if to is not ticket.priority else None


def _raise(ticket: Ticket, breach: Breach) -> HistoryEntry:
    reason = f"{ESCALATED}: {breach.expected_minutes} min promised"
    return history_entry(
        _PRIORITY, ticket.priority, breach.raised_to, None, breach.found_at, reason
    )


def needs_a_look(decision: Decision) -> bool:
    """Whether a change may bring a breach closer than was thought: the scan must look again.

    A ticket came to be open or in progress (anew, or out of a pause), or its promise moved.
    """
    if decision.ticket.status not in COUNTED:
        return False
    return any(map(_brings_closer, decision.entries))


def _brings_closer(entry: HistoryEntry) -> bool:
    if entry.action == Action.PRIORITY:
        return not is_automatic(entry)
    is_begun = entry.action in _BEGUN
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
