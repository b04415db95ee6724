"""`savctl sync reconcile, user, order`."""

from __future__ import annotations

import logging
from typing import Annotated

import typer

from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer, Outcome
from savctl.cli.framework.params import whole
from savctl.cli.sync import group
from savctl.cli.sync._broker import queues
from savctl.errors import ExitCode


@command(
    group,
    "reconcile",
    writes=True,
    asks=True,
    examples=["savctl sync reconcile --dry-run", "savctl sync reconcile --fix --max 1000"],
)
def reconcile(
    call: CommandContext,
    fix: Annotated[
        bool, typer.Option("--fix", help="Write users that changed at the auth service.")
    ] = False,
    most: Annotated[
        int | None,
        typer.Option(
            "--max", metavar="N", parser=whole("--max"), help="Ask at most so many questions."
        ),
    ] = None,
) -> Outcome:
    """Compare users and orders with the other services.

    Exit code 10 when something needs you.

    Order checks that wait are asked again. A dry run asks, too.
    """
    from savctl.cli.job.options import options_of
    from savctl.cli.job.running import answered, run_now
    from savctl.scheduling.job import find_job
    from savctl.scheduling.stop import stopping_on_signals

    queues(call)
    call.start_log(logging.INFO if call.verbose else logging.WARNING)
    job = find_job("reconcile")
    options = options_of(job, {"fix": fix, "max": most})
    with stopping_on_signals(call.stop_line) as stop:
        report = run_now(call, job, stop, options=options)
    return answered(call, report, stop)


@command(group, "user", writes=True, examples=["savctl sync user 456 --dry-run"])
def user(
    call: CommandContext,
    user_id: Annotated[
        int, typer.Argument(metavar="ID", parser=whole("ID"), help="Id of a user.")
    ],
) -> Answer | Outcome:
    """Ask the auth service for a user, and write what it answers.

    Exit code 10 when the user is gone there and known here.
    """
    from savctl.usecases.sync.one import sync_user

    queues(call)
    done = sync_user(call.operation(), call.app.services, user_id)
    row: dict[str, object] = {"id": done.user_id, "found": done.is_found}
    row |= {"changed": bool(done.changed), "fields": done.changed or None}
    answer = Answer(
        rows=[row], columns=("id", "found", "changed", "fields"), is_one=True, key="id"
    )
    if done.is_found:
        return answer
    text = f"user {user_id} is gone at the auth service; savctl still knows them"
    return Outcome(answer=answer, warnings=[text], exit=int(ExitCode.FINDINGS))


@command(group, "order", writes=True, examples=["savctl sync order 789 --dry-run"])
def order(
    call: CommandContext,
    order_id: Annotated[
        int, typer.Argument(metavar="ID", parser=whole("ID"), help="Id of an order.")
    ],
) -> Answer | Outcome:
    """Ask the orders service for an order, and write what it answers.

    The answer goes to the open tickets of the order.

    Exit code 10 when it does not know the order, or not as the customer's of a ticket.
    """
    from savctl.usecases.sync.one import sync_order

    queues(call)
    done = sync_order(call.operation(policies=call.policies), call.app.services, order_id)
    row = {
        "id": done.order_id,
        "found": bool(done.valid),
        "changed": bool(done.changed),
        "valid": list(done.valid),
        "unknown": list(done.unknown),
    }
    answer = Answer(rows=[row], columns=tuple(row), is_one=True, key="id")
    if not done.unknown:
        return answer
    text = f"order {order_id} is unknown, or another customer's: {', '.join(done.unknown)}"
    return Outcome(answer=answer, warnings=[text], exit=int(ExitCode.FINDINGS))
