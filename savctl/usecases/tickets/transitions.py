"""The moves of one ticket that are not assignments (rules 2.1)."""

from __future__ import annotations

from datetime import datetime

from savctl.domain import text
from savctl.domain.access.policy import AccessRefused
from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.domain.tickets import lifecycle, merging
from savctl.domain.tickets.decision import Decision, TransitionNotAllowed
from savctl.domain.tickets.senders import require_sender
from savctl.errors import InvalidInput
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.usecases.operation import Operation
from savctl.usecases.tickets import sanitize
from savctl.usecases.tickets.changes import Change, answer, change_ticket
from savctl.usecases.tickets.conversation import add_to_conversation

# `resume` and `reopen` lead to the same status; each has one status it starts from.
RESUMES_FROM = Status.WAITING_CUSTOMER
REOPENS_FROM = Status.RESOLVED

_CONFIRMED = "confirmed by customer"


def move_ticket(
    op: Operation,
    ref: str | int,
    to: Status,
    *,
    reason: str | None = None,
    message: str | None = None,
    bridge: bool = False,
    only_from: Status | None = None,
) -> Change:
    """Take a ticket to a status, with a public message of the agent if one is given.

    `bridge` takes the legal steps in between; `only_from` is the one status that the command
    is for, whatever else the state machine would allow.

    Raises:
        NotFound: no such ticket.
        TransitionNotAllowed: the state machine or the command does not allow it.
        AgentMissing: a step would leave work without an agent.
        WrongSender: the message's agent is the ticket's customer.
    """
    reason = text.reason(reason)
    body = sanitize.stored("message", message) if message is not None else None

    def decide(ticket: Ticket, now: datetime) -> Decision:
        if only_from is not None and not bridge:
            _require_from(ticket, to, only_from)
        if bridge:
            return lifecycle.bridge(
                ticket,
                to,
                by=op.actor,
                now=now,
                reason=reason,
                agent_id=op.actor,
                policies=op.policies,
            )
        return lifecycle.move(
            ticket, to, by=op.actor, now=now, reason=reason, policies=op.policies
        )

    def work(uow: UnitOfWork) -> Change:
        before = uow.tickets.lock(ref)
        now = uow.moment(op.clock(), before)
        decision = decide(before, now)
        message_id = None
        if body is not None:
            if not decision.is_change:
                raise TransitionNotAllowed(
                    f"{before.ticket_number} is {to} already: the message was not added",
                    hint=f"savctl message add {before.ticket_number} --from agent:ID --body …",
                    ticket_number=before.ticket_number,
                    ticket_id=before.id,
                )
            message_id = _add_message(uow, before, body, op.actor, now)
        uow.record(decision)
        return answer(uow, before, decision, users=(op.actor,), message_id=message_id)

    return in_transaction(op.database, work, dry_run=op.dry_run)


def close_ticket(
    op: Operation,
    ref: str | int,
    *,
    reason: str | None,
    duplicate_of: str | int | None = None,
    bridge: bool = False,
    by_customer: bool = False,
) -> Change:
    """Close a ticket for good; a duplicate names the ticket it repeats.

    A customer closes what is resolved, and so confirms the solution (rules 12.3).

    A bridge from `in_progress` goes through `resolved`; a duplicate goes back through `open`
    instead, so that nobody is notified of a solution that does not exist.
    """
    cleaned = text.reason(reason) or (_CONFIRMED if by_customer else None)
    if cleaned is None and duplicate_of is None:
        raise InvalidInput("a reason is needed to close", hint="--reason, or --duplicate-of TKT")

    def rule(uow: UnitOfWork, ticket: Ticket) -> Decision:
        if by_customer and ticket.status is not Status.RESOLVED:
            raise AccessRefused(
                f"a customer may close a resolved ticket only; {ticket.ticket_number} is "
                f"{ticket.status}",
                ticket_number=ticket.ticket_number,
                ticket_id=ticket.id,
            )
        why = cleaned
        if duplicate_of is not None:
            original = uow.tickets.get(duplicate_of)
            if original.id == ticket.id:
                raise InvalidInput(f"{ticket.ticket_number} cannot be a duplicate of itself")
            why = merging.duplicate_of(original, cleaned)
        now = uow.moment(op.clock(), ticket)
        if not bridge:
            return lifecycle.move(ticket, Status.CLOSED, by=op.actor, now=now, reason=why)
        if duplicate_of is not None and why is not None:
            return lifecycle.close_duplicate(ticket, by=op.actor, now=now, reason=why)
        return lifecycle.bridge(
            ticket,
            Status.CLOSED,
            by=op.actor,
            now=now,
            reason=why,
            agent_id=op.actor,
            policies=op.policies,
        )

    return change_ticket(op.database, ref, rule, dry_run=op.dry_run, users=(op.actor,))


def set_priority(
    op: Operation,
    ref: str | int,
    priority: Priority,
    *,
    reason: str | None,
) -> Change:
    """Set the priority by hand (rules 4.1)."""
    why = text.reason(reason)

    def rule(uow: UnitOfWork, ticket: Ticket) -> Decision:
        now = uow.moment(op.clock(), ticket)
        return lifecycle.change_priority(
            ticket, priority, by=op.actor, now=now, reason=why, policies=op.policies
        )

    return change_ticket(op.database, ref, rule, dry_run=op.dry_run, users=(op.actor,))


def _require_from(ticket: Ticket, to: Status, origin: Status) -> None:
    if ticket.status in {origin, to, Status.CLOSED}:
        return
    mine, other = ("resume", "reopen") if origin is RESUMES_FROM else ("reopen", "resume")
    elsewhere = REOPENS_FROM if origin is RESUMES_FROM else RESUMES_FROM
    hint = f"{mine} is for {origin} tickets; from {elsewhere} use savctl ticket {other}."
    if ticket.status is Status.OPEN:
        hint = f"{mine} is for {origin} tickets; an open one starts with savctl ticket assign."
    raise TransitionNotAllowed(
        f"{ticket.ticket_number} is {ticket.status}: cannot {mine}",
        hint=hint,
        ticket_number=ticket.ticket_number,
        ticket_id=ticket.id,
        status=str(ticket.status),
    )


def _add_message(uow: UnitOfWork, ticket: Ticket, body: str, by: int | None, now: datetime) -> int:
    """The agent's message that goes with a move."""
    sender = by if by is not None else ticket.assigned_to
    if sender is None:
        raise InvalidInput(
            f"{ticket.ticket_number} has no agent, so the message has no sender",
            hint="Name yourself with --as USER_ID.",
        )
    require_sender(ticket, ("agent", sender))
    added = add_to_conversation(
        uow, ticket, sender=("agent", sender), body=body, internal=False, now=now
    )
    return added.id
