"""`savctl job`: run jobs by hand or from cron, and see what they did."""

from __future__ import annotations

import logging
from typing import Annotated, Any

import typer

from savctl.cli.framework.command import NO_OPTIONS, CommandOptions, command, new_group
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer, Outcome, Row
from savctl.errors import InvalidInput

group = new_group("Run jobs and see what they did.")


def _job_options() -> list[Any]:
    """What the jobs declare; read only when `job run` itself is asked for."""
    from savctl.cli.job.options import declared

    return declared()


JobName = Annotated[str, typer.Argument(metavar="NAME", help="As savctl job list shows it.")]


@command(group, "list", examples=["savctl job list", "savctl job list -o json"])
def list_(call: CommandContext) -> Answer:
    """List every job: next run, last outcome, purpose.

    It also shows who runs each job now.
    """
    from savctl.cli.job.rows import LIST_COLUMNS, standings

    rows: list[Row] = [standing.as_row() for standing in standings(call.app)]
    return Answer(rows=rows, columns=LIST_COLUMNS, key="job")


@command(
    group,
    "run",
    examples=[
        "savctl job run auto-close --dry-run",
        "savctl job run close-resolved --yes -o json",
        "savctl job run auto-close --due",
        "savctl job run orphan-cleanup --plan-out orphans.jsonl",
    ],
    writes=True,
    asks=True,
    more=_job_options,
)
def run(
    call: CommandContext,
    name: JobName,
    due: Annotated[
        bool, typer.Option("--due", help="Only if a scheduled slot is due: for cron.")
    ] = False,
    options: CommandOptions = NO_OPTIONS,
) -> Answer | Outcome | None:
    """Run a job now and report what it did.

    At most one run of a job at a time, over all hosts.

    --yes lifts the brake that stops a run which would close very many tickets at once. --dry-run
    needs no --yes; with -o jsonl its report has every item. With --due the newest scheduled slot
    is run, unless some host has run it already.
    """
    from savctl.cli.job.item_lines import wanted_items
    from savctl.cli.job.options import options_of
    from savctl.cli.job.running import answered, run_due, run_now
    from savctl.scheduling.job import find_job
    from savctl.scheduling.stop import stopping_on_signals

    call.start_log(logging.INFO if call.verbose else logging.WARNING)
    job = find_job(name)
    call.is_slot = due
    if due:
        call.require_chosen_database()
    chosen = options_of(job, options)
    call.dry_run |= chosen.is_plan_only
    if due and call.dry_run:
        raise InvalidInput("--due runs a slot, which a dry run does not", hint="Leave one out.")
    items = wanted_items(call)
    with stopping_on_signals(call.stop_line) as stop:
        if due:
            report = run_due(call, job, stop, chosen)
        else:
            report = run_now(call, job, stop, options=chosen, items=items)
    return None if report is None else answered(call, report, stop, items)


@command(
    group,
    "history",
    examples=[
        "savctl job history",
        "savctl job history auto-close --status failed,abandoned",
        "savctl job history auto-close --limit 5 -o json",
    ],
)
def history(
    call: CommandContext,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Only runs of this job.")
    ] = None,
    run_id: Annotated[
        int | None, typer.Option("--run", metavar="ID", help="The whole report of one run.")
    ] = None,
    status: Annotated[
        list[str] | None,
        typer.Option(
            "--status", metavar="STATUS", help="Only runs that ended so: failed, braked."
        ),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=0, help="0 is no limit.")] = 50,
) -> Answer:
    """List past runs, newest first.

    Each row has start, end, host, counts, outcome and error.
    """
    from savctl.cli.framework.choices import each_of
    from savctl.cli.job.rows import HISTORY_COLUMNS, HISTORY_KEPT, run_row
    from savctl.cli.views.jobs import run_page
    from savctl.persistence.jobs import runs
    from savctl.scheduling.run_names import find_run_name

    _require_no_run_id(name)
    statuses = each_of("status", status, runs.RunStatus)
    with call.database.reading() as connection:
        if run_id is not None:
            row = run_row(runs.find(connection, run_id))
            row["report"] = runs.report(connection, run_id)
            text = run_page(row, now=call.clock()) if call.wants_page else None
            return Answer(rows=[row], is_one=True, as_record=True, key="id", text=text)
        job = find_run_name(name) if name else None
        found = runs.history(
            connection, job, statuses=statuses, limit=limit + 1 if limit else None
        )
    if limit and len(found) > limit:
        found = found[:limit]
        call.note(f"showing the newest {limit}; --limit 0 shows all")
    return Answer(
        rows=[run_row(run) for run in found],
        columns=HISTORY_COLUMNS,
        kept=HISTORY_KEPT,
        key="id",
        noun="runs",
    )


def _require_no_run_id(name: str | None) -> None:
    """A number is taken for a job's name by mistake."""
    if name is not None and name.isdecimal():
        raise InvalidInput(
            f"{name!r} is not the name of a job",
            hint=f"Run 'savctl job history --run {name}' for that run.",
        )


@command(group, "why", examples=["savctl job why auto-close", "savctl job why bulk-close"])
def why(call: CommandContext, name: JobName) -> Answer:
    """Explain why a job did or did not run.

    It shows the lease, the last run, the slots and the last error.

    Of a bulk operation (bulk-close, or its id op-57) it names the tickets that were not changed,
    and why.
    """
    from savctl.cli.job.why import explanation
    from savctl.cli.job.why_bulk import bulk_explanation, is_of_bulk
    from savctl.cli.views.jobs import why_page
    from savctl.scheduling.job import find_job

    row = (
        bulk_explanation(call.app, name)
        if is_of_bulk(name)
        else explanation(call.app, find_job(name))
    )
    text = why_page(row, now=call.clock()) if call.wants_page else None
    return Answer(rows=[row], is_one=True, as_record=True, key="job", text=text)


@command(group, "next", examples=["savctl job next", "savctl job next --count 3 -o json"])
def next_(
    call: CommandContext,
    count: Annotated[int, typer.Option("--count", min=1, max=1000, help="Slots of each.")] = 1,
) -> Answer:
    """List the next slots of every job, soonest first (UTC)."""
    from savctl.cli.framework.text import span_words
    from savctl.cli.job.rows import coming, exact_wait

    wait = span_words if call.is_for_people else exact_wait
    rows = coming(call.settings, after=call.clock(), count=count, wait=wait)
    return Answer(rows=rows, columns=("job", "slot", "in"), key="job")


@command(group, "unlock", examples=["savctl job unlock auto-close --yes"], writes=True, asks=True)
def unlock(call: CommandContext, name: JobName) -> Answer:
    """Release a stuck job's lock.

    If it is still running, its next write is rejected.

    A host that died needs no unlocking: its lease ends by itself.
    """
    from savctl.persistence.jobs import leases
    from savctl.scheduling.run_names import find_run_name

    job = find_run_name(name)
    with call.database.reading() as connection:
        holder = leases.find_holder(connection, job)
    if holder is not None:
        call.confirm(f"Take {job} from {holder.owner}, who may still be working?")
        call.database.transaction(lambda c: leases.force_release(c, job), dry_run=call.dry_run)
    row = {
        "job": job,
        "was_held_by": holder.owner if holder else None,
        "changed": holder is not None,
        "dry_run": call.dry_run,
    }
    return Answer(rows=[row], is_one=True, key="job")


@command(group, "crontab", timeless=True, examples=["savctl job crontab"])
def crontab(call: CommandContext) -> Answer:
    """Print cron lines that run every job at its time.

    A scheduler may run beside them.
    """
    from savctl.cli.job.rows import crontab_lines, crontab_rows

    rows = crontab_rows(call.settings, config=call.config)
    lines = crontab_lines(rows, config=call.config and call.config.absolute())
    return Answer(rows=rows, text="\n".join(lines), key="job")
