"""What may happen to a ticket, and what follows from it (spec: Business Rules; rules 2, 11.3).

Every function takes a ticket and answers a `Decision`: the changed ticket, the history entries
and the events. Nothing is written here. A decision without entries means "is so already".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from savctl.domain import sla, states
from savctl.domain.clock import second_text, to_the_second
from savctl.domain.events import (
    Event,
    TicketAssigned,
    TicketCreated,
    TicketResolved,
    TicketStatusChanged,
)
from savctl.domain.history import Action, HistoryEntry
from savctl.domain.priority import Priority
from savctl.domain.states import Status
from savctl.domain.ticket import Ticket
from savctl.errors import Refused


class TransitionNotAllowed(Refused):
    """The state machine has no such arrow; the hint lists those it has."""

    code = "transition_not_allowed"


class AgentMissing(Refused):
    """Work needs an agent, and the ticket has none."""

    code = "agent_missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A change that the rules allow, complete with its traces."""

    ticket: Ticket
    at: datetime
    entries: tuple[HistoryEntry, ...] = ()
    events: tuple[Event, ...] = ()

    @property
    def is_change(self) -> bool:
        """False when the ticket is as asked already."""
        return bool(self.entries)

    def then(self, later: Decision) -> Decision:
        """Both as one change; `later` was decided on this one's ticket."""
        return replace(
            later, entries=self.entries + later.entries, events=self.events + later.events
        )

    def with_id(self, ticket_id: int) -> Decision:
        """The same decision once the database has numbered the new row."""
        return replace(
            self,
            ticket=self.ticket.changed(id=ticket_id),
            events=tuple(replace(event, ticket_id=ticket_id) for event in self.events),
        )


def create(ticket: Ticket, *, by: int | None, now: datetime) -> Decision:
    """A new ticket, open, with its promise written down; its id is still to come."""
    born = ticket.changed(
        status=Status.OPEN,
        created_at=to_the_second(now),
        metadata=_with_promise(ticket, ticket.priority, now),
    )
    entry = HistoryEntry(at=now, actor=by, action=Action.CREATED, after=str(Status.OPEN))
    return _decide(born, {}, (entry,), (_created(born),), now)


def take_over(
    ticket: Ticket, *, by: int | None, now: datetime, reason: str, publishes: bool = False
) -> Decision:
    """A ticket that lived elsewhere, in any status; its id is still to come.

    Its history begins with `imported`, at the moment it entered its status as far as its stamps
    tell: silence, confirmation and the SLA clocks go on where they stood. Nobody is told of old
    tickets unless `publishes`.
    """
    since = ticket.created_at or now
    entered = {
        Status.WAITING_CUSTOMER: ticket.updated_at,
        Status.RESOLVED: ticket.resolved_at,
        Status.CLOSED: ticket.closed_at,
    }.get(ticket.status)
    entry = HistoryEntry(
        at=entered or since,
        actor=by,
        action=Action.IMPORTED,
        after=str(ticket.status),
        reason=reason,
    )
    metadata = _with_promise(ticket, sla.promise(ticket), since).with_history((entry,))
    events = (_created(ticket),) if publishes else ()
    taken = ticket.changed(metadata=metadata)
    return Decision(ticket=taken, at=now, entries=(entry,), events=events)


def assign(
    ticket: Ticket, agent_id: int, *, by: int | None, now: datetime, reason: str | None = None
) -> Decision:
    """Give the ticket to an agent; an open one becomes in_progress.

    Raises:
        TransitionNotAllowed: the ticket is closed.
    """
    _not_closed(ticket, "assign")
    opens = ticket.status is Status.OPEN
    if ticket.assigned_to == agent_id and not opens:
        return Decision(ticket=ticket, at=now)
    status = Status.IN_PROGRESS if opens else ticket.status
    entries = [_entry(Action.ASSIGNED, ticket.assigned_to, agent_id, by, now, reason)]
    events: list[Event] = [
        TicketAssigned(
            ticket_id=ticket.id,
            ticket_number=ticket.number,
            assigned_to=agent_id,
            assigned_by=by,
            previous_status=ticket.status,
            new_status=status,
        )
    ]
    if opens:
        why = reason or "assigned to an agent"
        entries.append(_entry(Action.STATUS, ticket.status, status, by, now, why))
        events.append(_status_changed(ticket, status, by, why))
    fields = {"assigned_to": agent_id, "status": status}
    return _decide(ticket, fields, tuple(entries), tuple(events), now)


def unassign(ticket: Ticket, *, by: int | None, now: datetime, reason: str | None) -> Decision:
    """Take the ticket from its agent; it goes back to the queue.

    Raises:
        TransitionNotAllowed: it is not in progress.
    """
    if ticket.status is Status.OPEN and ticket.assigned_to is None:
        return Decision(ticket=ticket, at=now)
    if ticket.status not in {Status.IN_PROGRESS, Status.OPEN}:
        raise _not_allowed(ticket, Status.OPEN, "unassign")
    entries = [_entry(Action.UNASSIGNED, ticket.assigned_to, None, by, now, reason)]
    events: tuple[Event, ...] = ()
    if ticket.status is Status.IN_PROGRESS:
        why = reason or "unassigned"
        entries.append(_entry(Action.STATUS, ticket.status, Status.OPEN, by, now, why))
        events = (_status_changed(ticket, Status.OPEN, by, why),)
    fields = {"assigned_to": None, "status": Status.OPEN}
    return _decide(ticket, fields, tuple(entries), events, now)


def move(
    ticket: Ticket, to: Status, *, by: int | None, now: datetime, reason: str | None = None
) -> Decision:
    """Take one arrow of the state machine that is neither assignment nor unassignment.

    Raises:
        TransitionNotAllowed: there is no such arrow, or it is taken by `assign` or `unassign`.
        AgentMissing: the ticket would be in progress without an agent.
    """
    if ticket.status is to:
        return Decision(ticket=ticket, at=now)
    only_by_assignment = (ticket.status is Status.OPEN and to is Status.IN_PROGRESS) or (
        to is Status.OPEN
    )
    if only_by_assignment or not states.is_allowed(ticket.status, to):
        raise _not_allowed(ticket, to, _VERBS[to])
    if to is Status.IN_PROGRESS and ticket.assigned_to is None:
        raise AgentMissing(
            f"{ticket.number} has no agent: cannot go to in_progress",
            hint=f"savctl ticket assign {ticket.number} --to AGENT_ID",
            ticket_number=ticket.number,
        )
    entry = _entry(Action.STATUS, ticket.status, to, by, now, reason)
    events: tuple[Event, ...] = (_status_changed(ticket, to, by, reason),)
    if to is Status.RESOLVED:
        events += (_resolved(ticket, by, now),)
    return _decide(ticket, {"status": to, **_stamps(to, now)}, (entry,), events, now)


def bridge(
    ticket: Ticket,
    to: Status,
    *,
    by: int | None,
    now: datetime,
    reason: str | None = None,
    agent_id: int | None = None,
) -> Decision:
    """Get to a status through the legal steps in between, each with its traces.

    `agent_id` is who takes the ticket when a step needs an assignment.
    """
    steps = (to,) if ticket.status is to else states.bridge(ticket.status, to)
    if not steps:
        raise _not_allowed(ticket, to, _VERBS[to])
    decision = Decision(ticket=ticket, at=now)
    for step in steps:
        decision = decision.then(_step(decision.ticket, step, by, now, reason, agent_id))
    return decision


def customer_wrote(ticket: Ticket, *, by: int | None, now: datetime) -> Decision:
    """What a customer's public message does by itself: it ends the waiting.

    A waiting ticket without an agent (bad data) keeps its status: the message must not be lost,
    and work without an agent is never written.
    """
    _not_closed(ticket, "add a message")
    if ticket.status is not Status.WAITING_CUSTOMER or ticket.assigned_to is None:
        return Decision(ticket=ticket, at=now)
    return move(ticket, Status.IN_PROGRESS, by=by, now=now, reason="customer replied")


def change_priority(
    ticket: Ticket, priority: Priority, *, by: int | None, now: datetime, reason: str | None
) -> Decision:
    """Set the priority by hand; the promise moves with it (rules 4.2)."""
    _not_closed(ticket, "change the priority")
    if ticket.priority is priority:
        return Decision(ticket=ticket, at=now)
    entry = _entry(Action.PRIORITY, ticket.priority, priority, by, now, reason)
    fields = {"priority": priority, "metadata": _with_promise(ticket, priority, now)}
    return _decide(ticket, fields, (entry,), (), now)


def edit(ticket: Ticket, fields: Mapping[str, Any], *, by: int | None, now: datetime) -> Decision:
    """Change subject, description, category, order or metadata.

    The history names the fields, not their text: that is the customer's.
    """
    _not_closed(ticket, "edit")
    different = {k: v for k, v in fields.items() if getattr(ticket, k) != v}
    if not different:
        return Decision(ticket=ticket, at=now)
    entry = HistoryEntry(
        at=now, actor=by, action=Action.EDITED, after=sorted(different), reason=None
    )
    return _decide(ticket, different, (entry,), (), now)


_VERBS = {
    Status.OPEN: "unassign",
    Status.IN_PROGRESS: "go to in_progress",
    Status.WAITING_CUSTOMER: "wait for the customer",
    Status.RESOLVED: "resolve",
    Status.CLOSED: "close",
}


def _decide(
    ticket: Ticket,
    fields: Mapping[str, Any],
    entries: tuple[HistoryEntry, ...],
    events: tuple[Event, ...],
    now: datetime,
) -> Decision:
    metadata = fields.get("metadata", ticket.metadata).with_history(entries)
    changes = {**fields, "metadata": metadata, "updated_at": to_the_second(now)}
    return Decision(ticket=ticket.changed(**changes), at=now, entries=entries, events=events)


def _step(
    ticket: Ticket,
    to: Status,
    by: int | None,
    now: datetime,
    reason: str | None,
    agent_id: int | None,
) -> Decision:
    if ticket.status is Status.OPEN and to is Status.IN_PROGRESS:
        if agent_id is None:
            raise AgentMissing(
                f"{ticket.number} is open and has no agent: cannot bridge through in_progress",
                hint="Name who takes it with --as USER_ID, or assign it first.",
                ticket_number=ticket.number,
            )
        return assign(ticket, agent_id, by=by, now=now, reason=reason)
    if to is Status.OPEN:
        return unassign(ticket, by=by, now=now, reason=reason)
    return move(ticket, to, by=by, now=now, reason=reason)


def _stamps(to: Status, now: datetime) -> dict[str, datetime | None]:
    """The columns that entering a status sets; reopening clears `resolved_at` (rules 2.4)."""
    match to:
        case Status.RESOLVED:
            return {"resolved_at": to_the_second(now)}
        case Status.CLOSED:
            return {"closed_at": to_the_second(now)}
        case Status.IN_PROGRESS:
            return {"resolved_at": None}
        case _:
            return {}


def _entry(
    action: Action,
    before: str | int | None,
    after: str | int | None,
    by: int | None,
    now: datetime,
    reason: str | None,
) -> HistoryEntry:
    return HistoryEntry(
        at=now,
        actor=by,
        action=action,
        before=_plain(before),
        after=_plain(after),
        reason=reason,
    )


def _plain(value: str | int | None) -> str | int | None:
    return str(value) if isinstance(value, str) else value


def _created(ticket: Ticket) -> Event:
    return TicketCreated(
        ticket_id=ticket.id,
        ticket_number=ticket.number,
        user_id=ticket.user_id,
        subject=ticket.subject,
        priority=ticket.priority,
        status=ticket.status,
        order_id=ticket.order_id,
        category=ticket.category,
    )


def _status_changed(ticket: Ticket, to: Status, by: int | None, reason: str | None) -> Event:
    return TicketStatusChanged(
        ticket_id=ticket.id,
        ticket_number=ticket.number,
        user_id=ticket.user_id,
        previous_status=ticket.status,
        new_status=to,
        changed_by=by,
        reason=reason,
    )


def _resolved(ticket: Ticket, by: int | None, now: datetime) -> Event:
    born = ticket.created_at or now
    return TicketResolved(
        ticket_id=ticket.id,
        ticket_number=ticket.number,
        user_id=ticket.user_id,
        resolved_by=by,
        resolution_time_minutes=max(to_the_second(now) - born, timedelta())
        // timedelta(minutes=1),
        sla_met=sla.is_resolution_met(ticket, until=now),
        category=ticket.category,
    )


def _with_promise(ticket: Ticket, priority: Priority, now: datetime) -> Any:
    kept = dict(ticket.metadata.object_at("sla"))
    kept["promise"] = {
        "priority": str(priority),
        "policy": sla.POLICY,
        "since": second_text(now),
    }
    kept.setdefault("breaches", [])
    return ticket.metadata.with_members(sla=kept)


def _not_closed(ticket: Ticket, what: str) -> None:
    if ticket.status is Status.CLOSED:
        raise TransitionNotAllowed(
            f"{ticket.number} is closed: cannot {what}",
            hint="closed is final; a new ticket can follow it up: "
            f"savctl ticket create --follow-up-of {ticket.number} …",
            ticket_number=ticket.number,
            status=str(ticket.status),
        )


def _not_allowed(ticket: Ticket, to: Status, what: str) -> TransitionNotAllowed:
    arrows = states.allowed_from(ticket.status)
    allowed = ", ".join(f"{t.to} (savctl ticket {t.command})" for t in arrows)
    hint = f"Allowed from {ticket.status}: {allowed}." if allowed else "closed is final."
    steps = states.bridge(ticket.status, to)
    if len(steps) > 1:
        hint += f" With --bridge: {' → '.join(steps)}."
    return TransitionNotAllowed(
        f"{ticket.number} is {ticket.status}: cannot {what}",
        hint=hint,
        ticket_number=ticket.number,
        status=str(ticket.status),
        allowed=[str(t.to) for t in arrows],
    )
