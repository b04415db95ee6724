"""Who works on a ticket (rules 2.2)."""

from __future__ import annotations

from datetime import timedelta

from savctl.domain import text
from savctl.domain.model.ticket import Ticket
from savctl.domain.tickets import lifecycle
from savctl.domain.tickets.decision import Decision, require_not_closed
from savctl.errors import Refused
from savctl.persistence.people import workload
from savctl.persistence.unit_of_work import UnitOfWork
from savctl.ports import Clock
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.changes import Change, change_ticket

# An agent counts as present for `--to auto` this long after a ticket of theirs last moved.
RECENT = timedelta(days=30)


def assign_ticket(
    op: Operation,
    ref: str | int,
    *,
    to: int | None,
    reason: str | None = None,
) -> Change:
    """Give the ticket to an agent, or, with `to=None`, to the least loaded one.

    Raises:
        NotFound: no such ticket.
        TransitionNotAllowed: the ticket is closed.
        Refused: nobody is known to choose from.
    """
    if to is not None:
        text.identifier("agent", to)
    why = text.reason(reason)

    def rule(uow: UnitOfWork, ticket: Ticket) -> Decision:
        agent_id = to if to is not None else _least_loaded(uow, op.clock, ticket)
        now = uow.moment(op.clock(), ticket)
        return lifecycle.assign(ticket, agent_id, by=op.actor, now=now, reason=why)

    return change_ticket(
        op.database, ref, rule, dry_run=op.dry_run, users=(to, op.actor), agent=to
    )


def unassign_ticket(
    op: Operation,
    ref: str | int,
    *,
    reason: str | None,
) -> Change:
    """Take the ticket from its agent and put it back into the queue."""
    why = text.reason(reason)

    def rule(uow: UnitOfWork, ticket: Ticket) -> Decision:
        return lifecycle.unassign(
            ticket, by=op.actor, now=uow.moment(op.clock(), ticket), reason=why
        )

    return change_ticket(op.database, ref, rule, dry_run=op.dry_run, users=(op.actor,))


def _least_loaded(uow: UnitOfWork, clock: Clock, ticket: Ticket) -> int:
    """The agent with the fewest active tickets; who has this ticket keeps it."""
    require_not_closed(ticket, "assign")
    if ticket.assigned_to is not None:
        return ticket.assigned_to
    loads = workload.active_loads(uow.connection, since=clock() - RECENT)
    if not loads:
        raise Refused(
            "no agent is known to choose from",
            hint="Name one: --to AGENT_ID. Agents are known by the tickets they hold or held "
            f"in the last {RECENT.days} days.",
        )
    return min(loads, key=lambda agent_id: (loads[agent_id], agent_id))
