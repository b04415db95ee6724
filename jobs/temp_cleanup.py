"""Clear away what uploads left behind: under `temp/`, and in parts without an end (rules 7.5)."""

from __future__ import annotations

from savctl.scheduling.job import Context, Job
from savctl.usecases.bucket.hiding import Hiding
from savctl.usecases.bucket.temp_cleanup import clean_up_temp


def _run(context: Context) -> None:
    settings = context.settings
    clean_up_temp(
        Hiding(
            database=context.database,
            store=context.store(),
            clock=context.clock,
            grace=settings.orphan_grace,
            retention=settings.file_retention,
            terms=context.terms,
            audited_as="temp_cleanup",
        )
    )


JOB = Job(
    name="temp-cleanup",
    cron="40 2 * * *",
    summary="Hide leftovers of uploads below temp/",
    run=_run,
)
