"""`savctl ticket bulk undo`."""

from __future__ import annotations

import logging
from typing import Annotated

import typer

from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.files import Force
from savctl.cli.framework.output import Outcome
from savctl.cli.ticket.bulk import bulk
from savctl.cli.ticket.bulk._options import BRAKE, Chosen, MaxChanges, PlanFile, PlanOut
from savctl.domain.model.ticket_filter import TicketFilter
from savctl.errors import InvalidInput
from savctl.usecases.bulk.order import UNDO, BulkOrder


@command(
    bulk,
    "undo",
    writes=True,
    asks=True,
    examples=["savctl ticket bulk undo op-1 --dry-run", "savctl ticket bulk undo op-1 --yes"],
)
def undo(
    call: CommandContext,
    operation: Annotated[
        str | None,
        typer.Argument(metavar="[OP]", help="As a bulk command answered it: op-57."),
    ] = None,
    plan_out: PlanOut = None,
    plan: PlanFile = None,
    max_changes: MaxChanges = BRAKE,
    force: Force = False,
) -> Outcome:
    """Take back what a bulk command did, by legal moves.

    Assignments, priorities, tags, waiting and resolving are undone. Tickets that changed since
    are left. Closings are final and named (exit 3). Messages that were sent stay.
    """
    from savctl.cli.ticket.bulk._running import finish_plan, planned_for
    from savctl.usecases.bulk.plan_file import read_plan
    from savctl.usecases.bulk.undoing import operation_named, plan_undo

    if (operation is None) == (plan is None):
        raise InvalidInput("give the operation, such as op-57, or --plan FILE")
    if plan is not None and plan_out is not None:
        raise InvalidInput("--plan and --plan-out exclude each other")
    chosen = Chosen(
        wanted=TicketFilter(), plan_out=plan_out, plan=plan, max_changes=max_changes, force=force
    )
    call.start_log(logging.INFO if call.verbose else logging.WARNING)
    if plan is not None:
        order, made = read_plan(call.database, plan, verb=UNDO)
        operation_named(call.database, order.undoes or "", by=call.token_bearer)
        call.yes = True
        return finish_plan(call, chosen, order, made)
    order = BulkOrder(verb=UNDO, undoes=str(operation).strip().lower())
    found = operation_named(call.database, str(operation), by=call.token_bearer)
    made = planned_for(call, order, lambda work: plan_undo(work, found))
    return finish_plan(call, chosen, order, made)
