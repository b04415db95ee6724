"""What the rules make of a recorded event (`demo --replay`)."""

from __future__ import annotations

from savctl.domain.imports.replay_plan import MESSAGES, Deed, LogEvent, ReplayPlan
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.domain.tickets import lifecycle
from savctl.domain.tickets.decision import AgentMissing, Decision

_RECORDED = "as recorded"


def decide(ticket: Ticket, event: LogEvent, how: ReplayPlan, *, bridges: bool) -> Decision:
    """What the event does to its ticket: one decision for all its parts.

    With `bridges` the legal steps in between are taken. Asking for the state it is in is no
    change.

    Raises:
        Refused: a rule does not allow it; nothing of the event is to be stored.
    """
    decision = Decision(ticket=ticket, at=event.at)
    if event.priority is not None and (event.deed is Deed.PRIORITY or "priority" in how.follows):
        decision = _and(decision, _priority(decision.ticket, event))
    if "agent" in how.follows and event.deed is not Deed.TAKE:
        decision = _and(decision, _reassigned(decision.ticket, event))
    return _and(decision, _status(decision.ticket, event, how, bridges))


def _status(ticket: Ticket, event: LogEvent, how: ReplayPlan, bridges: bool) -> Decision:
    to = event.leads_to
    if event.deed in MESSAGES:
        outcome = lifecycle.customer_wrote(ticket, by=ticket.user_id, now=event.at)
        return outcome if event.deed is Deed.REPLY else Decision(ticket=ticket, at=event.at)
    if to is None:
        return Decision(ticket=ticket, at=event.at)
    return _moved(ticket, to, event, how, bridges)


def _moved(
    ticket: Ticket, to: Status, event: LogEvent, how: ReplayPlan, bridges: bool
) -> Decision:
    if event.deed is Deed.TAKE:
        return _taken(ticket, event, how)
    if bridges and how.renews and event.deed is Deed.RESOLVE and ticket.status is to:
        again = lifecycle.move(
            ticket, Status.IN_PROGRESS, by=_who(event), now=event.at, reason=_RECORDED
        )
        return again.then(
            lifecycle.move(again.ticket, to, by=_who(event), now=event.at, reason=_RECORDED)
        )
    if bridges:
        agent = _agent(ticket, event, how)
        return lifecycle.bridge(
            ticket, to, by=_who(event), now=event.at, reason=_RECORDED, agent_id=agent
        )
    if event.deed is Deed.OPEN:
        return lifecycle.unassign(ticket, by=_who(event), now=event.at, reason=_RECORDED)
    return lifecycle.move(ticket, to, by=_who(event), now=event.at, reason=_RECORDED)


def _taken(ticket: Ticket, event: LogEvent, how: ReplayPlan) -> Decision:
    """An agent works on it now: the customer had answered, or reopened, or nobody had it."""
    decision = Decision(ticket=ticket, at=event.at)
    if ticket.status in {Status.WAITING_CUSTOMER, Status.RESOLVED}:
        to = Status.IN_PROGRESS
        decision = lifecycle.move(ticket, to, by=_who(event), now=event.at, reason=_RECORDED)
    agent = _agent(ticket, event, how)
    if agent is None:
        raise AgentMissing(f"{ticket.ticket_number} has no agent: line {event.line} names none")
    assigned = lifecycle.assign(decision.ticket, agent, by=_who(event), now=event.at)
    return _and(decision, assigned)


def _priority(ticket: Ticket, event: LogEvent) -> Decision:
    level = event.priority or ticket.priority
    return lifecycle.change_priority(ticket, level, by=_who(event), now=event.at, reason=_RECORDED)


def _reassigned(ticket: Ticket, event: LogEvent) -> Decision:
    """Another agent holds it by now; one of an open ticket comes with its `take`."""
    if event.agent is None or ticket.status in {Status.OPEN, Status.CLOSED}:
        return Decision(ticket=ticket, at=event.at)
    return lifecycle.assign(ticket, event.agent, by=_who(event), now=event.at)


def _and(decision: Decision, later: Decision) -> Decision:
    if not decision.is_change:
        return later
    return decision.then(later) if later.is_change else decision


def _agent(ticket: Ticket, event: LogEvent, how: ReplayPlan) -> int | None:
    return event.agent or ticket.assigned_to or how.stand_in


def _who(event: LogEvent) -> int | None:
    return event.actor if event.actor is not None else event.agent
