"""What may happen to a ticket, and what follows from it (rules 2, 11.3).

Every function takes a ticket and answers a `Decision`: the changed ticket, the history entries
and the events. Nothing is written here. A decision without entries means "is so already". A
decision's time is never before one that stands on the ticket already (rules 20.9).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from savctl.domain.clock import to_the_second
from savctl.domain.events.events import (
    Event,
    TicketAssigned,
)
from savctl.domain.model import states
from savctl.domain.model.history import Action, HistoryEntry
from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.domain.sla import targets
from savctl.domain.sla.policy import Policies
from savctl.domain.tickets.decision import (
    VERBS,
    AgentMissing,
    Decision,
    created_event,
    decide,
    history_entry,
    not_allowed,
    require_not_closed,
    resolved_event,
    status_changed,
    status_timestamps,
    with_promise,
)


def create(
    ticket: Ticket, *, by: int | None, now: datetime, policies: Policies | None = None
) -> Decision:
    """A new ticket, open, with its promise written down; its id is still to come."""
    born = ticket.changed(
        status=Status.OPEN,
        created_at=to_the_second(now),
        metadata=with_promise(ticket, ticket.priority, now, version=_current(policies)),
    )
    entry = HistoryEntry(at=now, actor=by, action=Action.CREATED, after=str(Status.OPEN))
    return decide(born, {}, (entry,), (created_event(born),), now)


def import_ticket(
    ticket: Ticket,
    *,
    by: int | None,
    now: datetime,
    reason: str,
    publishes: bool = False,
    policies: Policies | None = None,
) -> Decision:
    """A ticket that lived elsewhere, in any status; its id is still to come.

    Its history begins with `imported`, at the moment it entered its status as far as its stamps
    show it: silence, confirmation and the SLA clocks continue from there. Nobody is notified of
    old tickets unless `publishes`.
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
    given = targets.promise(ticket, policies)
    version = given.policy.version
    metadata = with_promise(ticket, given.priority, since, version=version).with_history((entry,))
    events = (created_event(ticket),) if publishes else ()
    taken = ticket.changed(metadata=metadata)
    return Decision(ticket=taken, at=now, entries=(entry,), events=events)


def assign(
    ticket: Ticket, agent_id: int, *, by: int | None, now: datetime, reason: str | None = None
) -> Decision:
    """Give the ticket to an agent; an open one becomes in_progress.

    Raises:
        TransitionNotAllowed: the ticket is closed.
    """
    now = ticket.moment(now)
    require_not_closed(ticket, "assign")
    opens = ticket.status is Status.OPEN
    if ticket.assigned_to == agent_id and not opens:
        return Decision(ticket=ticket, at=now)
    status = Status.IN_PROGRESS if opens else ticket.status
    entries = [history_entry(Action.ASSIGNED, ticket.assigned_to, agent_id, by, now, reason)]
    events: list[Event] = [
        TicketAssigned(
            ticket_id=ticket.id,
            ticket_number=ticket.ticket_number,
            assigned_to=agent_id,
            assigned_by=by,
            previous_status=ticket.status,
            new_status=status,
        )
    ]
    if opens:
        why = reason or "assigned to an agent"
        entries.append(history_entry(Action.STATUS, ticket.status, status, by, now, why))
        events.append(status_changed(ticket, status, by, why))
    fields = {"assigned_to": agent_id, "status": status}
    return decide(ticket, fields, tuple(entries), tuple(events), now)


def unassign(ticket: Ticket, *, by: int | None, now: datetime, reason: str | None) -> Decision:
    """Take the ticket from its agent; it goes back to the queue.

    Raises:
        TransitionNotAllowed: it is not in progress.
    """
    now = ticket.moment(now)
    if ticket.status is Status.OPEN and ticket.assigned_to is None:
        return Decision(ticket=ticket, at=now)
    if ticket.status not in {Status.IN_PROGRESS, Status.OPEN}:
        raise not_allowed(ticket, Status.OPEN, "unassign")
    entries = [history_entry(Action.UNASSIGNED, ticket.assigned_to, None, by, now, reason)]
    events: tuple[Event, ...] = ()
    if ticket.status is Status.IN_PROGRESS:
        why = reason or "unassigned"
        entries.append(history_entry(Action.STATUS, ticket.status, Status.OPEN, by, now, why))
        events = (status_changed(ticket, Status.OPEN, by, why),)
    fields = {"assigned_to": None, "status": Status.OPEN}
    return decide(ticket, fields, tuple(entries), events, now)


def move(
    ticket: Ticket,
    to: Status,
    *,
    by: int | None,
    now: datetime,
    reason: str | None = None,
    policies: Policies | None = None,
) -> Decision:
    """Take one arrow of the state machine that is neither assignment nor unassignment.

    Raises:
        TransitionNotAllowed: there is no such arrow, or it is taken by `assign` or `unassign`.
        AgentMissing: the ticket would be in progress without an agent.
    """
    now = ticket.moment(now)
    if ticket.status is to:
        return Decision(ticket=ticket, at=now)
    only_by_assignment = (ticket.status is Status.OPEN and to is Status.IN_PROGRESS) or (
        to is Status.OPEN
    )
    if only_by_assignment or not states.is_allowed(ticket.status, to):
        raise not_allowed(ticket, to, VERBS[to])
    if to is Status.IN_PROGRESS and ticket.assigned_to is None:
        raise AgentMissing(
            f"{ticket.ticket_number} has no agent: cannot go to in_progress",
            hint=f"savctl ticket assign {ticket.ticket_number} --to AGENT_ID",
            ticket_number=ticket.ticket_number,
            ticket_id=ticket.id,
        )
    entry = history_entry(Action.STATUS, ticket.status, to, by, now, reason)
    events: tuple[Event, ...] = (status_changed(ticket, to, by, reason),)
    if to is Status.RESOLVED:
        events += (resolved_event(ticket, by, now, policies),)
    return decide(ticket, {"status": to, **status_timestamps(to, now)}, (entry,), events, now)


def bridge(
    ticket: Ticket,
    to: Status,
    *,
    by: int | None,
    now: datetime,
    reason: str | None = None,
    agent_id: int | None = None,
    policies: Policies | None = None,
) -> Decision:
    """Get to a status through the legal steps in between, each with its traces.

    `agent_id` is who takes the ticket when a step needs an assignment.
    """
    steps = (to,) if ticket.status is to else states.bridge(ticket.status, to)
    if not steps:
        raise not_allowed(ticket, to, VERBS[to])
    decision = Decision(ticket=ticket, at=now)
    for step in steps:
        one = _step(decision.ticket, step, by, now, reason, agent_id, policies)
        decision = decision.then(one)
    return decision


def close_duplicate(ticket: Ticket, *, by: int | None, now: datetime, reason: str) -> Decision:
    """Close a ticket that repeats another one; from work the way leads back through `open`.

    Not through `resolved`: nobody is to be notified of a solution that does not exist.
    """
    back = Decision(ticket=ticket, at=now)
    if ticket.status is Status.IN_PROGRESS:
        back = unassign(ticket, by=by, now=now, reason=reason)
    return back.then(move(back.ticket, Status.CLOSED, by=by, now=now, reason=reason))


def customer_wrote(
    ticket: Ticket, *, by: int | None, now: datetime, reason: str = "customer replied"
) -> Decision:
    """What a customer's public message, or file, does by itself: it ends the waiting.

    A waiting ticket without an agent (bad data) keeps its status: the message must not be lost,
    and work without an agent is never written.
    """
    require_not_closed(ticket, "add a message")
    if ticket.status is not Status.WAITING_CUSTOMER or ticket.assigned_to is None:
        return Decision(ticket=ticket, at=now)
    return move(ticket, Status.IN_PROGRESS, by=by, now=now, reason=reason)


def change_priority(
    ticket: Ticket,
    priority: Priority,
    *,
    by: int | None,
    now: datetime,
    reason: str | None,
    policies: Policies | None = None,
) -> Decision:
    """Set the priority by hand; the promise moves with it (rules 4.2)."""
    now = ticket.moment(now)
    require_not_closed(ticket, "change the priority")
    if ticket.priority is priority:
        return Decision(ticket=ticket, at=now)
    entry = history_entry(Action.PRIORITY, ticket.priority, priority, by, now, reason)
    promised = with_promise(ticket, priority, now, version=_current(policies))
    fields = {"priority": priority, "metadata": promised}
    return decide(ticket, fields, (entry,), (), now)


def edit(ticket: Ticket, fields: Mapping[str, Any], *, by: int | None, now: datetime) -> Decision:
    """Change subject, description, category, order or metadata.

    The history names the fields, not their text: that is the customer's.
    """
    now = ticket.moment(now)
    require_not_closed(ticket, "edit")
    different = {k: v for k, v in fields.items() if getattr(ticket, k) != v}
    if not different:
        return Decision(ticket=ticket, at=now)
    entry = HistoryEntry(
        at=now, actor=by, action=Action.EDITED, after=sorted(different), reason=None
    )
    return decide(ticket, different, (entry,), (), now)


def _step(
    ticket: Ticket,
    to: Status,
    by: int | None,
    now: datetime,
    reason: str | None,
    agent_id: int | None,
    policies: Policies | None,
) -> Decision:
    if ticket.status is Status.OPEN and to is Status.IN_PROGRESS:
        if agent_id is None:
            raise AgentMissing(
                f"{ticket.ticket_number} is open and has no agent: "
                "cannot bridge through in_progress",
                hint="Name who takes it with --as USER_ID, or assign it first.",
                ticket_number=ticket.ticket_number,
                ticket_id=ticket.id,
            )
        return assign(ticket, agent_id, by=by, now=now, reason=reason)
    if to is Status.OPEN:
        return unassign(ticket, by=by, now=now, reason=reason)
    return move(ticket, to, by=by, now=now, reason=reason, policies=policies)


def _current(policies: Policies | None) -> int:
    return (policies or Policies()).current.version
