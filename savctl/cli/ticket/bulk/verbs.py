"""`savctl ticket bulk assign, unassign, wait, resolve, close, priority, tag`."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import typer

from savctl.cli.framework.choices import one_of
from savctl.cli.framework.params import long_text, whole
from savctl.cli.framework.ticket_refs import Bridge, Reason
from savctl.cli.ticket.bulk._command import bulk_command
from savctl.domain import text
from savctl.domain.bulk.steps import BulkStep, BulkVerb
from savctl.domain.model.priority import Priority
from savctl.domain.model.references import reference
from savctl.errors import InvalidInput
from savctl.usecases.bulk.order import AUTO, BulkOrder

Message = Annotated[
    str | None, typer.Option("--message", help="Public message to each customer; @FILE reads it.")
]
Tags = list[str] | None


@bulk_command(
    "assign",
    examples=[
        "savctl ticket bulk assign --status open --priority urgent --to 10 --dry-run",
        "savctl ticket bulk assign --status open --category parcel --to auto --yes",
        "savctl ticket bulk assign --status open --to 10 --plan-out plan.jsonl",
    ],
)
def assign(
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="ID|auto", help="Agent; auto: the least loaded, each time."),
    ] = None,
    reason: Reason = None,
) -> BulkOrder | None:
    """Give many tickets to an agent; open ones become in_progress.

    A plan is made, shown and asked for; off a terminal --yes confirms it.

    --plan-out writes it down, --plan carries it out: tickets that changed since are left.
    """
    if to is None:
        return None
    if to.lower() == AUTO:
        return BulkOrder(verb="assign", reason=text.reason(reason))
    if not to.isascii() or not to.isdecimal():
        raise InvalidInput(f"--to {to!r} is neither an agent's id nor auto")
    return _order("assign", to=whole("--to")(to), reason=reason)


@bulk_command(
    "unassign",
    examples=[
        "savctl ticket bulk unassign --agent 10 --status in_progress --reason leave --dry-run"
    ],
)
def unassign(reason: Reason = None) -> BulkOrder | None:
    """Take many tickets from their agents, back to the queue.

    A reason is required.
    """
    return _order("unassign", reason=reason) if _is_given(reason) else None


@bulk_command(
    "wait",
    examples=["savctl ticket bulk wait --agent 10 --status in_progress --dry-run"],
)
def wait(
    message: Message = None, reason: Reason = None, bridge: Bridge = False
) -> BulkOrder | None:
    """Wait for many customers; the SLA clocks stop meanwhile."""
    return _order("wait", message=message, reason=reason, bridge=bridge)


@bulk_command(
    "resolve",
    examples=[
        "savctl ticket bulk resolve --tag outage --status in_progress --dry-run",
        "savctl ticket bulk resolve --tag outage --message 'It works again.' --as 10 --yes",
    ],
)
def resolve(
    message: Message = None, reason: Reason = None, bridge: Bridge = False
) -> BulkOrder | None:
    """Resolve many tickets; each customer has 24 hours to object."""
    return _order("resolve", message=message, reason=reason, bridge=bridge)


@bulk_command(
    "close",
    examples=[
        "savctl ticket bulk close --status resolved --until 30d --reason old --dry-run",
        "savctl ticket bulk close --tag outage --duplicate-of TKT-7K2M9QXA --dry-run",
    ],
)
def close(
    reason: Reason = None,
    duplicate_of: Annotated[
        str | None, typer.Option("--duplicate-of", metavar="TKT", help="The ticket they repeat.")
    ] = None,
    bridge: Bridge = False,
) -> BulkOrder | None:
    """Close many tickets for good; there is no way back.

    A reason or the ticket that they repeat is required; that one itself stays open.
    """
    if not _is_given(reason) and duplicate_of is None:
        return None
    order = _order("close", reason=reason, bridge=bridge)
    return order if duplicate_of is None else replace(order, repeats=reference(duplicate_of))


@bulk_command(
    "priority",
    examples=[
        "savctl ticket bulk priority high --tag outage --reason 'shop is down' --dry-run",
        "savctl ticket bulk priority urgent --priority high --reason 'fair week' --yes",
    ],
)
def priority(
    level: Annotated[
        str | None,
        typer.Argument(metavar="[PRIORITY]", help="low, medium, high or urgent."),
    ] = None,
    reason: Reason = None,
) -> BulkOrder | None:
    """Set the priority of many tickets; the SLA promises move with it.

    --priority is a filter, as in savctl ticket list. A reason is required.
    """
    if level is None or not _is_given(reason):
        return None
    wanted = Priority(one_of("priority", level, tuple(Priority), prefix=""))
    return _order("priority", priority=wanted, reason=reason)


@bulk_command(
    "tag",
    examples=["savctl ticket bulk tag --add outage --since 2h --status open --dry-run"],
)
def tag(
    add: Annotated[
        Tags, typer.Option("--add", metavar="TAG", help="Tag to add; give it again for more.")
    ] = None,
    remove: Annotated[
        Tags, typer.Option("--remove", metavar="TAG", help="Tag to remove; likewise.")
    ] = None,
) -> BulkOrder | None:
    """Add tags to many tickets, or remove them.

    --tag is a filter, as in savctl ticket list.
    """
    if not (add or remove):
        return None
    both = set(add or ()) & set(remove or ())
    if both:
        raise InvalidInput(f"{min(both)!r} is to be added and removed: one of them")
    added = tuple(text.line("tag", one) for one in dict.fromkeys(add or ()))
    removed = tuple(text.line("tag", one) for one in dict.fromkeys(remove or ()))
    return _order("tag", add=added, remove=removed)


def _is_given(reason: str | None) -> bool:
    if reason is not None and not reason.strip():
        raise InvalidInput("--reason is empty", hint="Give a reason: the history keeps it.")
    return reason is not None


def _order(
    verb: str, *, message: str | None = None, reason: str | None = None, **given: Any
) -> BulkOrder:
    from savctl.usecases.tickets import sanitize

    if message == "-":
        raise InvalidInput("stdin is for the tickets; --message takes a text or @FILE")
    words = long_text("message", message) if message is not None else None
    if words is not None:
        sanitize.stored("message", words)
    step = BulkStep(verb=BulkVerb(verb), reason=text.reason(reason), **given)
    return BulkOrder(verb=verb, step=step, message=words)
