"""One run of a job for the command line: started, watched, answered with its exit code."""

from __future__ import annotations

import logging

from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer, Outcome
from savctl.cli.framework.stderr.progress import watching
from savctl.cli.job.item_lines import ItemLines, wanted_items
from savctl.cli.job.rows import report_text
from savctl.errors import ExitCode, PartlyDone
from savctl.persistence.jobs.running import SlotTaken
from savctl.persistence.jobs.runs import RunStatus, StartedBy
from savctl.scheduling.job import Job, find_job
from savctl.scheduling.job_options import JobOptions
from savctl.scheduling.plan import all_schedules, due_slots
from savctl.scheduling.runner import JobReport, Start, run_job
from savctl.scheduling.stop import Stop, stopping_on_signals
from savctl.usecases.batch.report import BatchReport

ITEMS_IN_TABLE = 20


def run_now(
    call: CommandContext,
    job: Job,
    stop: Stop,
    *,
    options: JobOptions | None = None,
    items: ItemLines | None = None,
) -> JobReport:
    """Run the job, or show what it would do; its counts are rewritten in place meanwhile.

    `items` keeps every item of a dry run.
    """
    call.name_target()
    with watching(call, closes=False) as progress:  # the report has the counts
        start = Start(
            is_confirmed=call.yes,
            options=options,
            dry_run=call.dry_run,
            should_stop=stop.is_set,
            stopped=lambda: stop.exit_code,
            on_batch=lambda report: progress.show(_counts(report), done=report.seen),
            on_total=progress.expect if progress.is_seen else None,
            on_item=items.add if items is not None else None,
        )
        return run_job(job, call.app, start)


def by_name(call: CommandContext, name: str) -> Outcome:
    """Run a job for the command that bears its name."""
    call.start_log(logging.INFO if call.verbose else logging.WARNING)
    items = wanted_items(call)
    with stopping_on_signals(call.stop_line) as stop:
        report = run_now(call, find_job(name), stop, items=items)
    return answered(call, report, stop, items)


def run_due(
    call: CommandContext, job: Job, stop: Stop, options: JobOptions | None = None
) -> JobReport | None:
    """Run the slot that is due, if there is one and nobody has been faster."""
    slots = due_slots(job, call.app, all_schedules(call.settings)[job.name])
    if not slots:
        call.note(f"{job.name}: no slot is due; nothing to do")
        return None
    start = Start(
        by=StartedBy.CRON,
        slot=slots[0],
        is_confirmed=call.yes,
        options=options,
        should_stop=stop.is_set,
        stopped=lambda: stop.exit_code,
    )
    try:
        return run_job(job, call.app, start)
    except SlotTaken as taken:
        call.note(f"{taken.message}; nothing to do")
        return None


def answered(
    call: CommandContext, report: JobReport, stop: Stop, items: ItemLines | None = None
) -> Outcome:
    """The report, with all of `items` where they were kept, and the exit code it deserves."""
    text = report_text(report, items=ITEMS_IN_TABLE)
    row = report.as_json()
    if items is not None:
        row["items"] = items
        row.pop("items_omitted", None)
    answer = Answer(rows=[row], is_one=True, as_record=True, text=text, key="job")
    if report.done.idle is not None:
        call.note(report.done.idle)
    if report.dry_run:
        call.note("dry run: nothing was stored")
        if report.done.would_stop is not None:
            call.warn(f"the real run would stop: {report.done.would_stop}")
    if report.status in {RunStatus.OK, RunStatus.BRAKED}:
        return Outcome(
            answer=answer, exit=int(ExitCode.FINDINGS) if report.done.findings else None
        )
    if report.status is RunStatus.INTERRUPTED and stop.signal is not None:
        call.note(f"Interrupted. {report.done.left} still to do; run the job again to continue.")
        return Outcome(answer=answer, exit=128 + stop.signal)
    failed = f"{report.done.failed} of {report.done.seen} failed"
    return Outcome(answer=answer, failures=(PartlyDone(failed, job=report.job),))


def _counts(report: BatchReport) -> str:
    return f"{report.seen:,} seen, {report.changed:,} changed"
