"""The one way a job runs, whoever starts it: lease, run row, heartbeat, ending (design 5.1)."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from savctl.bootstrap import App
from savctl.domain.clock import second_text
from savctl.errors import NeedsConfirmation, SavError, Unavailable
from savctl.log import log_fields
from savctl.persistence.jobs import running
from savctl.persistence.jobs.heartbeat import Heartbeat, impatient
from savctl.persistence.jobs.lease import Lease
from savctl.persistence.jobs.run_counts import RunCounts
from savctl.persistence.jobs.running import Beginning, Ending
from savctl.persistence.jobs.runs import RunStatus, StartedBy
from savctl.scheduling.job import Context, Job
from savctl.scheduling.job_options import JobOptions
from savctl.scheduling.troubles import Troubles
from savctl.scheduling.watching import Watch, watching
from savctl.usecases.batch.batches import BatchContext, never_stop, no_progress
from savctl.usecases.batch.report import BatchReport, Item


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """How a run is asked for; a `slot` is the scheduled instant that it stands for.

    `options` are the job's own, None for their defaults; `is_confirmed` lifts its brake.
    `run_until` keeps a continuous job at work. `troubles` are those of the process, which
    outlive a run. `on_total` gets the number of items before the work begins, `on_item` each
    item of a dry run, however many there are, `on_each` every item of any run. `stopped` answers
    the exit code of a process that was asked to stop, if it ends by that. Without
    `with_figures` those of the metrics stay as old as they are.
    """

    by: StartedBy = StartedBy.HAND
    slot: datetime | None = None
    dry_run: bool = False
    is_confirmed: bool = False
    options: JobOptions | None = None
    run_until: datetime | None = None
    should_stop: Callable[[], bool] = never_stop
    stopped: Callable[[], int | None] = lambda: None
    on_batch: Callable[[BatchReport], None] = no_progress
    on_total: Callable[[int], None] | None = None
    on_item: Callable[[Item], None] | None = None
    on_each: Callable[[Item], None] | None = None
    troubles: Troubles = field(default_factory=Troubles)
    with_figures: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class JobReport:
    """What a run did (contract: command line, 3); `run_id` is None for a dry run."""

    job: str
    run_id: int | None
    dry_run: bool
    started_at: datetime
    finished_at: datetime
    status: RunStatus
    done: BatchReport

    def as_json(self) -> dict[str, object]:
        """The report with its documented keys; `items_omitted` only where it is bounded."""
        return {
            "job": self.job,
            "run_id": self.run_id,
            "dry_run": self.dry_run,
            "started_at": second_text(self.started_at),
            "finished_at": second_text(self.finished_at),
            **self.done.counts(),
            **({"details": self.done.details} if self.done.details else {}),
            "items": [item.as_json() for item in self.done.items],
            **({"items_omitted": self.done.omitted} if self.done.omitted else {}),
        }


def run_job(job: Job, app: App, start: Start) -> JobReport:
    """Run a job once, on this host only, and write down what it did.

    A dry run takes no lease and leaves no row: it changes nothing. A stop leaves the status
    `interrupted` and the rest in `left`; it is no error.

    Raises:
        AlreadyRunning: the job runs elsewhere.
        SlotTaken: the slot has been run.
        NeedsConfirmation: a brake stopped it before it changed anything.
        LeaseLost: another host took over, or may do so soon: this one was too slow.
        ClockOff: this host's clock is too far from the database's.
        Unavailable: the database went away; what was committed stays done.
    """
    if start.dry_run:
        return _dry_run(job, app, start)
    lease = _begin(job, app, start)
    began_at = app.clock()
    with (
        log_fields(job=job.name, run_id=lease.run_id),
        watching(app, job.name, start.troubles, start.stopped) as watch,
        Heartbeat(app.database, lease),
    ):
        watch.report = report = _leased(job, app, start, lease, began_at, watch)
    return report


def _leased(
    job: Job, app: App, start: Start, lease: Lease, began_at: datetime, watch: Watch
) -> JobReport:
    """Do the work and write down how it ended; what cut it off is raised again."""
    done, counts = BatchReport(on_each=start.on_each), RunCounts(lease)
    try:
        job.run(_context(job, app, start, done, lease, counts))
        _require_held(lease)
        if start.with_figures:
            _count_figures(job, app)
    except BaseException as problem:
        failed = _report(job, app, lease.run_id, began_at, done, status_after(problem))
        watch.report = failed
        with suppress(Unavailable):  # the failure itself has more
            _end(app, lease, failed, counts, error=_error_text(problem))
        raise
    report = _report(job, app, lease.run_id, began_at, done, _status(done, start))
    _end(app, lease, report, counts, error=None)
    return report


def _count_figures(job: Job, app: App) -> None:
    """Bring the job's figures up to date; a bulk command has none, and imports no metrics."""
    from savctl.scheduling.metrics import metric_places
    from savctl.usecases.metrics.refreshing import refresh_figures

    refresh_figures(job.name, metric_places(app))


def _dry_run(job: Job, app: App, start: Start) -> JobReport:
    began_at = app.clock()
    done = BatchReport(lists_changes=True, on_item=start.on_item, on_each=start.on_each)
    job.run(_context(job, app, start, done, None, None))
    return _report(job, app, None, began_at, done, _status(done, start))


def _begin(job: Job, app: App, start: Start) -> Lease:
    beginning = Beginning(
        job=job.name,
        owner=app.owner,
        host=app.owner.rpartition(":")[0],
        seconds=app.settings.lease_seconds,
        clock=app.clock,
        started_by=start.by,
        slot=start.slot,
        clock_guard=app.clock_guard,
    )
    return app.database.transaction(lambda c: running.begin(c, beginning))


def _end(
    app: App, lease: Lease, report: JobReport, counts: RunCounts, *, error: str | None
) -> None:
    found = report.done.counts()
    ending = Ending(
        status=report.status,
        counts={**found, **counts.rest(found)},
        report=report.as_json(),
        error=error,
    )
    at = report.finished_at
    if not lease.lost.is_set():
        app.database.transaction(lambda c: running.end(c, lease, ending, at=at))
        return
    with impatient(app.database, lease.seconds) as quick:  # the database may not answer at all
        quick.transaction(lambda c: running.end(c, lease, ending, at=at))


def _context(
    job: Job,
    app: App,
    start: Start,
    done: BatchReport,
    fence: Lease | None,
    counts: RunCounts | None,
) -> Context:
    def should_stop() -> bool:
        return start.should_stop() or (fence is not None and not fence.is_held())

    terms = BatchContext(
        report=done,
        size=app.settings.batch_size,
        dry_run=start.dry_run,
        fence=fence,
        should_stop=should_stop,
        on_batch=_keeping(app, counts, start.on_batch),
        on_total=start.on_total,
        counts=counts,
    )
    return Context(
        database=app.database,
        clock=app.clock,
        settings=app.settings,
        terms=terms,
        is_confirmed=start.is_confirmed,
        options=start.options or job.options(),
        run_until=start.run_until,
        broker=app.broker,
        queues=app.queues,
        services=lambda: app.services,
        policies=app.policies(store=not start.dry_run),
        store=lambda: app.store,
        cold=lambda: app.cold,
        analytics=lambda: app.analytics_place,
        log_copying=lambda: app.log_copying,
        backups=lambda: app.backups,
        mirror=lambda: app.mirror,
        troubles=start.troubles,
        ticket_cache=lambda: app.ticket_cache,
        is_scheduled=start.slot is not None,
    )


def _keeping(
    app: App, counts: RunCounts | None, on_batch: Callable[[BatchReport], None]
) -> Callable[[BatchReport], None]:
    """What is called after each batch: it stores the counts that came with no transaction."""

    def keep(report: BatchReport) -> None:
        found = report.counts()
        if counts is not None and any(counts.rest(found).values()):
            with suppress(Unavailable):  # the next batch meets it as well
                app.database.transaction(lambda c: counts.write(c, found))
                counts.settle(found)
        on_batch(report)

    return keep


def _report(
    job: Job,
    app: App,
    run_id: int | None,
    began_at: datetime,
    done: BatchReport,
    status: RunStatus,
) -> JobReport:
    return JobReport(
        job=job.name,
        run_id=run_id,
        dry_run=run_id is None,
        started_at=began_at,
        finished_at=app.clock(),
        status=status,
        done=done,
    )


def _require_held(lease: Lease) -> None:
    """A job that stopped because its lease was given up has not come to its end.

    One that came to its end after the deadline has: whether the lease was still ours then, the
    fence of its ending decides.
    """
    if lease.lost.is_set():
        raise lease.loss()


def _status(done: BatchReport, start: Start) -> RunStatus:
    if done.left and start.should_stop():
        return RunStatus.INTERRUPTED
    return RunStatus.PARTLY if done.failed else RunStatus.OK


def status_after(problem: BaseException) -> RunStatus:
    """How a run ended that a problem cut off."""
    if isinstance(problem, NeedsConfirmation):
        return RunStatus.BRAKED
    if isinstance(problem, Unavailable) or not isinstance(problem, Exception):
        return RunStatus.INTERRUPTED  # the slot goes on when the database is back
    return RunStatus.FAILED


def _error_text(problem: BaseException) -> str:
    if isinstance(problem, SavError):
        return problem.message
    return "".join(traceback.format_exception(problem))
