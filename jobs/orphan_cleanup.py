"""Hide the objects of the bucket that no record names (spec: Weekly Jobs; rules 7.5)."""

from __future__ import annotations

from savctl.domain.files.orphans import Brake
from savctl.scheduling.job import Context, Job
from savctl.usecases.bucket.hiding import Hiding
from savctl.usecases.bucket.orphans import clean_up_orphans
from savctl.usecases.bucket.plan import carry_out_plan, write_plan


def _run(context: Context) -> None:
    settings, flags = context.settings, context.flags
    work = Hiding(
        database=context.database,
        store=context.store(),
        clock=context.clock,
        grace=settings.orphan_grace,
        retention=settings.file_retention,
        terms=context.terms,
        audited_as="orphan_cleanup",
    )
    brake = Brake(percent=settings.orphan_brake_percent, count=settings.orphan_brake_count)
    if flags.plan_out is not None:
        write_plan(work, flags.plan_out)
    elif flags.plan is not None:
        carry_out_plan(work, flags.plan, brake=None if flags.force else brake)
    else:
        clean_up_orphans(work, brake=None if flags.force else brake)


JOB = Job(
    name="orphan-cleanup",
    cron="0 3 * * sun",
    summary="Hide the bucket's objects that no record names; they are purged 30 days later",
    run=_run,
    options=frozenset({"force", "plan", "plan-out"}),
)
