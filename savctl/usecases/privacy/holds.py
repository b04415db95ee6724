"""Putting tickets under legal hold and releasing them (rules 9.5)."""

from __future__ import annotations

from dataclasses import replace

from savctl.domain import text
from savctl.domain.model.ticket import Ticket
from savctl.domain.tickets import legal_hold
from savctl.domain.tickets.decision import Decision
from savctl.errors import InvalidInput
from savctl.persistence.unit_of_work import UnitOfWork
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.changes import Change, change_ticket
from savctl.usecases.tickets.merging import root_of


def hold_ticket(
    op: Operation,
    ref: str | int,
    *,
    reason: str,
) -> Change:
    """Keep a ticket as evidence, a closed one as well; the same hold again changes nothing.

    Of one that was merged a warning names where its messages are: the hold does not follow them.

    Raises:
        NotFound: no such ticket.
        UnderLegalHold: it is held for another reason.
    """
    why = text.reason(reason)
    if why is None:
        raise InvalidInput("--reason is empty", hint="Give a reason: the history keeps it.")

    root: str | None = None

    def rule(uow: UnitOfWork, ticket: Ticket) -> Decision:
        nonlocal root
        root = root_of(uow, ticket)
        return legal_hold.hold(ticket, reason=why, by=op.actor, now=uow.moment(op.clock(), ticket))

    change = change_ticket(op.database, ref, rule, dry_run=op.dry_run, users=(op.actor,))
    if root is None:
        return change
    message = (
        f"{change.ticket.ticket_number} was merged into {root}: its messages moved there; "
        f"savctl gdpr hold add {root} keeps them"
    )
    return replace(change, warnings=(*change.warnings, message))


def release_ticket(
    op: Operation,
    ref: str | int,
    *,
    reason: str | None,
) -> Change:
    """End a hold; a ticket without one stays as it is."""
    why = text.reason(reason)

    def rule(uow: UnitOfWork, ticket: Ticket) -> Decision:
        return legal_hold.release(
            ticket, reason=why, by=op.actor, now=uow.moment(op.clock(), ticket)
        )

    return change_ticket(op.database, ref, rule, dry_run=op.dry_run, users=(op.actor,))
