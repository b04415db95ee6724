"""Jobs: what each did last, what it did in all, what it leaves, and who holds which lease."""

from __future__ import annotations

from collections.abc import Iterator

from savctl.domain.metrics.families import MetricSample, counter, gauge
from savctl.persistence.jobs import leases, schedules
from savctl.persistence.jobs.run_counts import COUNTS, ITEMS_TOTAL, RUNS_TOTAL
from savctl.persistence.jobs.runs import RunStatus
from savctl.persistence.metrics.last_runs import LastRun, last_runs, last_successes
from savctl.usecases.metrics.subject import MetricSubject, Scrape

_RUNS = "savctl_runs"
_SCHEDULER = "scheduler"
# Each is there from the beginning: the first of a kind would else be no increase of a counter.
_OUTCOMES = tuple(one for one in RunStatus if one is not RunStatus.RUNNING)
_START = gauge(
    "savctl_job_last_start_timestamp_seconds",
    "When the last run of the job began.",
    _RUNS,
    "job",
    unit="seconds",
)
_END = gauge(
    "savctl_job_last_end_timestamp_seconds",
    "When the last run of the job that is over ended.",
    _RUNS,
    "job",
    unit="seconds",
)
_SUCCESS = gauge(
    "savctl_job_last_success_timestamp_seconds",
    "When the job last reached its end; a run in which single items failed counts.",
    _RUNS,
    "job",
    unit="seconds",
)
_DURATION = gauge(
    "savctl_job_last_duration_seconds",
    "How long the last run of the job took that is over.",
    _RUNS,
    "job",
    unit="seconds",
)
_RUN_COUNT = counter(
    RUNS_TOTAL,
    "Runs by how they ended; a continued slot counts once for each attempt.",
    "savctl_totals, raised when a run ends",
    *("job", "outcome"),
)
_ITEMS = counter(
    ITEMS_TOTAL,
    "Items that runs looked at, changed, skipped, and failed at.",
    "savctl_totals, raised with each batch",
    *("job", "kind"),
)
_BACKLOG = gauge(
    "savctl_job_backlog",
    "What the last run of the job that is over left undone.",
    _RUNS,
    "job",
)
_RUNNING = gauge(
    "savctl_job_running", "1 while the job runs, on any host.", "savctl_leases", "job"
)
_OVERDUE = gauge(
    "savctl_job_overdue_seconds",
    "Time since the first slot of the job that nobody began; 0 when none is, or while it runs.",
    "schedules and savctl_runs",
    "job",
    unit="seconds",
)
_LEASE = gauge(
    "savctl_lease_held",
    "1 while somebody holds the lease; of `scheduler`, how many schedulers are alive.",
    "savctl_leases",
    "lease",
)


def _read(scrape: Scrape) -> Iterator[MetricSample]:
    found = list(last_runs(scrape.connection, scrape.places.jobs))
    unwell = [run.job for run in found if not run.has_succeeded]
    earlier = last_successes(scrape.connection, unwell)
    for run in found:
        yield from _of_run(run)
        success = run.ended_at if run.has_succeeded else earlier.get(run.job)
        if success is not None:
            yield _SUCCESS.sample(success.timestamp(), run.job)
    yield from _of_totals(scrape)
    due = scrape.places.due()
    for job in scrape.places.jobs:
        late = (scrape.now - due[job]).total_seconds() if job in due else 0
        yield _OVERDUE.sample(max(0.0, late), job)
    yield from _of_leases(scrape)


def _of_run(run: LastRun) -> Iterator[MetricSample]:
    yield _START.sample(run.started_at.timestamp(), run.job)
    if run.ended_at is not None and run.ended_started_at is not None:
        yield _END.sample(run.ended_at.timestamp(), run.job)
        seconds = (run.ended_at - run.ended_started_at).total_seconds()
        yield _DURATION.sample(max(0.0, seconds), run.job)
        yield _BACKLOG.sample(run.left, run.job)


def _of_totals(scrape: Scrape) -> Iterator[MetricSample]:
    counted = set(scrape.labels_of(RUNS_TOTAL)) | {
        (job, str(outcome)) for job in scrape.places.jobs for outcome in _OUTCOMES
    }
    for job, outcome in sorted(counted):
        yield _RUN_COUNT.sample(scrape.total(RUNS_TOTAL, job, outcome), job, outcome)
    items = set(scrape.labels_of(ITEMS_TOTAL)) | {
        (job, kind) for job in scrape.places.jobs for kind in COUNTS
    }
    for job, kind in sorted(items):
        yield _ITEMS.sample(scrape.total(ITEMS_TOTAL, job, kind), job, kind)


def _of_leases(scrape: Scrape) -> Iterator[MetricSample]:
    """A scheduler's lease is named after its host: only their number is shown."""
    alive = {name for name, holder in leases.held(scrape.connection) if holder.seconds_left > 0}
    for job in scrape.places.jobs:
        yield _RUNNING.sample(job in alive, job)
        yield _LEASE.sample(job in alive, job)
    yield _LEASE.sample(len(schedules.alive(scrape.connection)), _SCHEDULER)


JOBS = MetricSubject(
    name="jobs",
    families=(
        *(_START, _END, _SUCCESS, _DURATION, _RUN_COUNT, _ITEMS),
        *(_BACKLOG, _RUNNING, _OVERDUE, _LEASE),
    ),
    read=_read,
)
