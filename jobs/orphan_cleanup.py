"""Hide the objects of the bucket that no record names (rules 7.5)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from savctl.domain.files.orphans import Brake
from savctl.errors import InvalidInput
from savctl.scheduling.job import Context, Job
from savctl.scheduling.job_options import JobOptions, option
from savctl.usecases.bucket.hiding import Hiding
from savctl.usecases.bucket.orphans import clean_up_orphans
from savctl.usecases.bucket.plan import carry_out_plan, write_plan
from savctl.usecases.bucket.restored import lift_after_restore, require_looked_at


@dataclass(frozen=True, slots=True, kw_only=True)
class OrphanOptions(JobOptions):
    """The options of `orphan-cleanup`; `plan_out` writes what `plan` carries out."""

    force: bool = option(False, "Lift the brake; with --plan-out, replace the file.")
    plan: Path | None = option(None, "Carry this plan out.", metavar="FILE")
    plan_out: Path | None = option(
        None, "Write a plan into a file; change nothing.", metavar="FILE"
    )

    def __post_init__(self) -> None:
        if self.plan and self.plan_out:
            raise InvalidInput(
                "--plan-out writes a plan and --plan reads one", hint="Leave one out."
            )

    @property
    def is_plan_only(self) -> bool:
        """Whether a plan is written and nothing else."""
        return self.plan_out is not None


def _run(context: Context) -> None:
    settings, options = context.settings, context.options_as(OrphanOptions)
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
    if options.plan_out is not None:
        write_plan(work, options.plan_out, overwrite=options.force)
        return
    if not options.force:
        require_looked_at(context.database, context.terms)
    if options.plan is not None:
        carry_out_plan(work, options.plan, brake=None if options.force else brake)
    else:
        clean_up_orphans(work, brake=None if options.force else brake)
    if options.force:
        lift_after_restore(context.database, context.terms)


JOB = Job(
    name="orphan-cleanup",
    cron="0 3 * * sun",
    summary="Hide objects that no record names",
    run=_run,
    options=OrphanOptions,
)
