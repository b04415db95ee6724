"""`savctl ticket assign, unassign, wait, resume, resolve, reopen, close, priority`."""

from __future__ import annotations

from typing import Annotated

import typer

from savctl.cli.framework.choices import one_of
from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer, Outcome
from savctl.cli.framework.params import long_text, whole
from savctl.cli.framework.ticket_refs import Bridge, ManyTickets, Reason, change_each
from savctl.cli.ticket import group
from savctl.domain.access.file_access import Role
from savctl.domain.model.priority import Priority
from savctl.domain.model.references import reference
from savctl.domain.model.states import Status
from savctl.errors import InvalidInput

MessageText = Annotated[
    str | None,
    typer.Option("--message", help="Public message to the customer; @FILE or - reads it."),
]


def _message(message: str | None, tickets: list[str]) -> str | None:
    if message == "-" and "-" in tickets:
        raise InvalidInput("stdin is either the tickets or the message, not both")
    return long_text("message", message) if message is not None else None


def _needed(reason: str) -> str:
    if not reason.strip():
        raise InvalidInput("--reason is empty", hint="Give a reason: the history keeps it.")
    return reason


@command(
    group,
    "assign",
    writes=True,
    examples=["savctl ticket assign TKT-7K2M9QXA --to 10", "savctl ticket assign 4 5 6 --to auto"],
)
def assign(
    call: CommandContext,
    tickets: ManyTickets,
    to: Annotated[
        str, typer.Option("--to", metavar="ID|auto", help="Agent; auto: the least loaded.")
    ],
    reason: Reason = None,
) -> Answer | Outcome:
    """Give tickets to an agent; an open one becomes in_progress."""
    from savctl.usecases.tickets.assignment import assign_ticket

    agent = None if to.lower() == "auto" else _agent(to)
    return change_each(
        call,
        tickets,
        lambda ref: assign_ticket(
            call.operation(),
            ref,
            to=agent,
            reason=reason,
        ),
    )


@command(
    group,
    "unassign",
    writes=True,
    examples=["savctl ticket unassign TKT-7K2M9QXA --reason 'on leave'"],
)
def unassign(
    call: CommandContext,
    tickets: ManyTickets,
    reason: Annotated[str, typer.Option("--reason", help="Why, for the history.")],
) -> Answer | Outcome:
    """Take tickets from their agent, back to the queue."""
    from savctl.usecases.tickets.assignment import unassign_ticket

    why = _needed(reason)
    return change_each(
        call,
        tickets,
        lambda ref: unassign_ticket(call.operation(), ref, reason=why),
    )


@command(
    group,
    "wait",
    writes=True,
    examples=["savctl ticket wait TKT-7K2M9QXA --message 'Could you send a photo?' --as 10"],
)
def wait(
    call: CommandContext,
    tickets: ManyTickets,
    message: MessageText = None,
    reason: Reason = None,
    bridge: Bridge = False,
) -> Answer | Outcome:
    """Wait for the customer; the SLA clock stops meanwhile."""
    return _move(call, tickets, Status.WAITING_CUSTOMER, message, reason, bridge)


@command(group, "resume", writes=True, examples=["savctl ticket resume TKT-7K2M9QXA"])
def resume(
    call: CommandContext,
    tickets: ManyTickets,
    reason: Reason = None,
    bridge: Bridge = False,
) -> Answer | Outcome:
    """Resume work on tickets that waited for the customer."""
    return _move(call, tickets, Status.IN_PROGRESS, None, reason, bridge, Status.WAITING_CUSTOMER)


@command(
    group,
    "resolve",
    writes=True,
    examples=[
        "savctl ticket resolve TKT-7K2M9QXA --message 'A new one is on its way.' --as 10",
        "savctl ticket resolve TKT-7K2M9QXA --bridge --as 10",
    ],
)
def resolve(
    call: CommandContext,
    tickets: ManyTickets,
    message: MessageText = None,
    reason: Reason = None,
    bridge: Bridge = False,
) -> Answer | Outcome:
    """Resolve tickets; the customer has 24 hours to object."""
    return _move(call, tickets, Status.RESOLVED, message, reason, bridge)


@command(
    group,
    "reopen",
    writes=True,
    examples=["savctl ticket reopen TKT-7K2M9QXA --reason 'still broken'"],
)
def reopen(
    call: CommandContext,
    tickets: ManyTickets,
    reason: Reason = None,
    bridge: Bridge = False,
) -> Answer | Outcome:
    """Reopen resolved tickets."""
    return _move(call, tickets, Status.IN_PROGRESS, None, reason, bridge, Status.RESOLVED)


@command(
    group,
    "close",
    writes=True,
    examples=[
        "savctl ticket close TKT-7K2M9QXA --reason 'customer confirmed'",
        "savctl ticket close TKT-4FJ8N2WB --duplicate-of TKT-7K2M9QXA",
    ],
)
def close(
    call: CommandContext,
    tickets: ManyTickets,
    reason: Reason = None,
    duplicate_of: Annotated[
        str | None, typer.Option("--duplicate-of", metavar="TKT", help="The ticket it repeats.")
    ] = None,
    bridge: Bridge = False,
) -> Answer | Outcome:
    """Close tickets for good.

    A reason or the ticket that they repeat is required.
    """
    from savctl.usecases.tickets.transitions import close_ticket

    original = reference(duplicate_of) if duplicate_of is not None else None
    return change_each(
        call,
        tickets,
        lambda ref: close_ticket(
            call.operation(policies=call.policies if bridge else None),
            ref,
            reason=reason,
            duplicate_of=original,
            bridge=bridge,
            by_customer=call.token_bearer.role is Role.CUSTOMER,
        ),
    )


@command(
    group,
    "priority",
    writes=True,
    examples=["savctl ticket priority TKT-7K2M9QXA urgent --reason 'payment failed'"],
)
def priority(
    call: CommandContext,
    ticket: Annotated[str, typer.Argument(metavar="TKT", help="Ticket number or id.")],
    level: Annotated[str, typer.Argument(metavar="PRIORITY", help="low, medium, high or urgent.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, for the history.")],
) -> Answer | Outcome:
    """Set the priority by hand; the SLA promise moves with it."""
    from savctl.usecases.tickets.transitions import set_priority

    why = _needed(reason)
    wanted = Priority(one_of("priority", level, tuple(Priority), prefix=""))
    return change_each(
        call,
        [ticket],
        lambda ref: set_priority(
            call.operation(policies=call.policies),
            ref,
            wanted,
            reason=why,
        ),
    )


def _move(
    call: CommandContext,
    tickets: list[str],
    to: Status,
    message: str | None,
    reason: str | None,
    bridge: bool,
    only_from: Status | None = None,
) -> Answer | Outcome:
    from savctl.usecases.tickets.transitions import move_ticket

    body = _message(message, tickets)
    return change_each(
        call,
        tickets,
        lambda ref: move_ticket(
            call.operation(policies=call.policies if to is Status.RESOLVED or bridge else None),
            ref,
            to,
            reason=reason,
            message=body,
            bridge=bridge,
            only_from=only_from,
        ),
    )


def _agent(given: str) -> int:
    if not given.isascii() or not given.isdecimal():
        raise InvalidInput(f"--to {given!r} is neither an agent's id nor auto")
    return whole("--to")(given)
