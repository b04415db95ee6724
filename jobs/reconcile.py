"""Ask other services about what waits and what may have changed (rules 14.6)."""

from __future__ import annotations

from dataclasses import dataclass

from savctl.scheduling.job import Context, Job
from savctl.scheduling.job_options import JobOptions, option
from savctl.usecases.sync.reconciling import ReconcileOptions, reconcile


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileJobOptions(JobOptions):
    """The options of `reconcile`."""

    fix: bool = option(False, "Write users that changed at the auth service.")
    max: int | None = option(None, "Ask at most so many questions.", metavar="N", is_number=True)


def _run(context: Context) -> None:
    if context.queues is None:
        context.terms.report.idle = "no broker is configured: nobody can be asked"
        return
    settings, given = context.settings, context.options_as(ReconcileJobOptions)
    options = ReconcileOptions(
        policies=context.policies,
        fixes=given.fix,
        most=given.max or 0,
        rate=settings.reconcile_rate,
        brake_percent=settings.reconcile_brake_percent,
        brake_count=settings.reconcile_brake_count,
        is_confirmed=context.is_confirmed,
    )
    reconcile(
        context.database,
        context.services(),
        context.clock,
        options=options,
        terms=context.terms,
    )


JOB = Job(
    name="reconcile",
    cron="30 3 * * *",
    summary="Compare users and orders with the other services",
    run=_run,
    options=ReconcileJobOptions,
)
