"""`savctl scheduler`: every job at its time."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from savctl.cli.framework.command import command, new_group
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer
from savctl.errors import ExitCode, InvalidInput

if TYPE_CHECKING:
    from savctl.scheduling.job import Job

group = new_group("Run every job at its time.")

Only = Annotated[list[str] | None, typer.Option("--only", metavar="JOB", help="Only these jobs.")]
Except = Annotated[
    list[str] | None, typer.Option("--except", metavar="JOB", help="All jobs but these.")
]
# Which of several outcomes gives a tick its exit code.
_GRAVEST_FIRST = (
    ExitCode.BUG,
    ExitCode.USAGE,
    ExitCode.NOT_PERMITTED,
    ExitCode.UNAVAILABLE,
    ExitCode.NEEDS_CONFIRMATION,
    ExitCode.PARTLY,
)


@command(
    group,
    "run",
    examples=["savctl scheduler run", "savctl scheduler run --except auto-close"],
)
def run(call: CommandContext, only: Only = None, but: Except = None) -> int:
    """Stay and run every job at its time until SIGTERM or SIGINT; one job never holds another.

    Any number of schedulers may run on any number of hosts: each slot is run once. A slot
    missed while none was running is caught up.
    """
    from savctl.persistence.jobs.runs import StartedBy
    from savctl.scheduling.scheduler import Scheduler
    from savctl.scheduling.stop import stopping_on_signals

    call.require_chosen_database()
    call.start_log(_level(call))
    with stopping_on_signals() as stop:
        scheduler = Scheduler(call.app, _chosen(only, but), stop, by=StartedBy.SCHEDULER)
        call.note(f"scheduler {call.app.owner} runs; Ctrl-C or SIGTERM ends it")
        scheduler.run()
    call.note("scheduler ended; nothing is left half done")
    return 128 + stop.signal if stop.signal is not None else int(ExitCode.DONE)


@command(group, "tick", examples=["savctl scheduler tick"])
def tick(call: CommandContext, only: Only = None, but: Except = None) -> int:
    """Run what is due now, wait for it, and end: one line of cron instead of a scheduler."""
    from savctl.persistence.jobs.runs import StartedBy
    from savctl.scheduling.scheduler import Scheduler
    from savctl.scheduling.stop import stopping_on_signals

    call.require_chosen_database()
    call.start_log(_level(call))
    with stopping_on_signals() as stop:
        scheduler = Scheduler(call.app, _chosen(only, but), stop, by=StartedBy.CRON)
        scheduler.tick()
        scheduler.join()
    if stop.signal is not None:
        return 128 + stop.signal
    found = [code for code in _GRAVEST_FIRST if code in scheduler.codes]
    return int(found[0] if found else ExitCode.DONE)


@command(group, "status", examples=["savctl scheduler status", "savctl scheduler status -o json"])
def status(call: CommandContext) -> Answer:
    """The schedulers that are alive, on whatever host."""
    from savctl.persistence.jobs import schedules

    with call.database.reading() as connection:
        alive = schedules.alive(connection)
    if not alive:
        call.note("no scheduler is alive; jobs run from cron or by hand only")
    rows = [
        {"scheduler": one.owner, "since": one.since, "heard_at": one.heard_at} for one in alive
    ]
    return Answer(rows=rows, columns=("scheduler", "since", "heard_at"), key="scheduler")


def _chosen(only: Sequence[str] | None, but: Sequence[str] | None) -> list[Job]:
    from savctl.scheduling.job import all_jobs, find_job

    if only and but:
        raise InvalidInput("--only and --except exclude each other")
    wanted = [find_job(name).name for name in only or ()] or list(all_jobs())
    left_out = {find_job(name).name for name in but or ()}
    return [find_job(name) for name in wanted if name not in left_out]


def _level(call: CommandContext) -> int:
    if call.quiet:
        return logging.WARNING
    return logging.DEBUG if call.verbose else logging.INFO
