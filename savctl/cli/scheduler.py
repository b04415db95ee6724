"""`savctl scheduler`: every job at its time."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from savctl.cli.framework.command import command, new_group
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer, Outcome
from savctl.errors import ExitCode, InvalidInput

if TYPE_CHECKING:
    from savctl.scheduling.job import Job

group = new_group("Run every job at its time.")

Only = Annotated[list[str] | None, typer.Option("--only", metavar="JOB", help="Only these jobs.")]
Except = Annotated[
    list[str] | None, typer.Option("--except", metavar="JOB", help="All jobs but these.")
]
Metrics = Annotated[
    str | None,
    typer.Option(
        "--metrics",
        metavar="HOST:PORT",
        help="Serve /, /metrics, /healthz, /readyz there; :PORT is this host only.",
    ),
]
_TICK_COLUMNS = ("job", "outcome", "seen", "changed", "skipped", "failed", "slot", "reason")
_TICK_FIELDS = (*("job", "slot", "run_id", "outcome"), *_TICK_COLUMNS[2:6], "left", "reason")
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
    asks=True,
    examples=[
        "savctl scheduler run",
        "savctl scheduler run --except auto-close",
        "savctl scheduler run --metrics :9464",
    ],
)
def run(
    call: CommandContext, only: Only = None, but: Except = None, metrics: Metrics = None
) -> int:
    """Run every job at its time until Ctrl-C or SIGTERM.

    One job never holds up another.

    The log on stderr has a line for each run; of runs that changed nothing, one an hour for each
    job. -o json and --log-format json make each line an object.

    Any number of schedulers may run on any number of hosts: each slot is run once. A slot
    missed while none was running is caught up.
    """
    from savctl.persistence.jobs.runs import StartedBy
    from savctl.scheduling.scheduler import Scheduler
    from savctl.scheduling.stop import stopping_on_signals

    _start_log(call)
    with stopping_on_signals() as stop, _watched(call, metrics):
        scheduler = Scheduler(call.app, _chosen(only, but), stop, by=StartedBy.SCHEDULER)
        scheduler.run()
    return 128 + stop.signal if stop.signal is not None else int(ExitCode.DONE)


@command(
    group, "tick", asks=True, examples=["savctl scheduler tick", "savctl scheduler tick -o json"]
)
def tick(call: CommandContext, only: Only = None, but: Except = None) -> Outcome:
    """Run what is due now, wait for it, and end.

    One line of cron replaces a scheduler.
    """
    from savctl.persistence.jobs.runs import StartedBy
    from savctl.scheduling.scheduler import Scheduler
    from savctl.scheduling.stop import stopping_on_signals

    _start_log(call)
    with stopping_on_signals() as stop:
        scheduler = Scheduler(call.app, _chosen(only, but), stop, by=StartedBy.TICK)
        scheduler.tick()
        scheduler.join()
    rows = [result.as_row() for result in scheduler.results()]
    answer = Answer(rows=rows, columns=_TICK_COLUMNS, fields=_TICK_FIELDS, key="job")
    if not rows and not scheduler.codes:
        call.note("no job is due")
    if stop.signal is not None:
        return Outcome(answer=answer, exit=128 + stop.signal)
    found = [code for code in _GRAVEST_FIRST if code in scheduler.codes]
    return Outcome(answer=answer, exit=int(found[0] if found else ExitCode.DONE))


@command(group, "status", examples=["savctl scheduler status", "savctl scheduler status -o json"])
def status(call: CommandContext) -> Answer:
    """List the schedulers that are alive, on any host."""
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


@contextmanager
def _watched(call: CommandContext, address: str | None) -> Iterator[None]:
    """Answer watchers for the length of a block, if that is asked for."""
    if address is None:
        yield
        return
    from savctl.scheduling.status_server import StatusServer

    watch = StatusServer(call.app, address)
    try:
        watch.start()
        yield
    finally:
        watch.close()


def _start_log(call: CommandContext) -> None:
    """Log what a scheduler does; `-o json` is about the log as well."""
    call.require_chosen_database()
    if call.is_json and call.log_format is None:
        call.log_format = "json"
    level = logging.DEBUG if call.verbose else logging.INFO
    call.start_log(logging.WARNING if call.quiet else level)
