"""`savctl gdpr hold add, release, list`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer, Outcome
from savctl.cli.framework.ticket_refs import ManyTickets, Reason, change_each
from savctl.cli.gdpr import holds

if TYPE_CHECKING:
    from savctl.domain.model.ticket import Ticket

_COLUMNS = ("ticket_number", "user_id", "status", "reason", "at", "actor")


@command(
    holds,
    "add",
    writes=True,
    examples=["savctl gdpr hold add TKT-7K2M9QXA --reason 'case 4711, court of Lyon' --as 5"],
)
def add(
    call: CommandContext,
    tickets: ManyTickets,
    reason: Annotated[str, typer.Option("--reason", help="Why: the case, and who asked.")],
) -> Answer | Outcome:
    """Keep tickets as evidence, closed ones as well.

    Nothing erases, archives or merges them.
    """
    from savctl.usecases.privacy.holds import hold_ticket

    return change_each(
        call,
        tickets,
        lambda ref: hold_ticket(call.operation(), ref, reason=reason),
    )


@command(
    holds,
    "release",
    writes=True,
    examples=["savctl gdpr hold release TKT-7K2M9QXA --reason 'case 4711 is over' --as 5"],
)
def release(call: CommandContext, tickets: ManyTickets, reason: Reason = None) -> Answer | Outcome:
    """End the hold of tickets.

    Their history keeps that they were held.
    """
    from savctl.usecases.privacy.holds import release_ticket

    return change_each(
        call,
        tickets,
        lambda ref: release_ticket(call.operation(), ref, reason=reason),
    )


@command(holds, "list", examples=["savctl gdpr hold list", "savctl gdpr hold list -o json"])
def list_(call: CommandContext) -> Answer:
    """List every ticket under legal hold.

    Each row shows why, since when and by whom.
    """
    from savctl.persistence.privacy.holds import held_tickets

    rows = (_row(ticket) for ticket in held_tickets(call.database))
    return Answer(rows=rows, columns=_COLUMNS, fields=("id", *_COLUMNS), noun="holds")


def _row(ticket: Ticket) -> dict[str, object]:
    from savctl.domain.tickets.legal_hold import hold_of

    return {
        "id": ticket.id,
        "ticket_number": ticket.ticket_number,
        "user_id": ticket.user_id,
        "status": str(ticket.status),
        **hold_of(ticket.metadata),
    }
