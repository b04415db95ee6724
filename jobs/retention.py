"""Remove tickets for good 7 years after their closing (rules 9.2).

Before the archive on the same night, so that nothing is archived that goes for good.
"""

from __future__ import annotations

from savctl.scheduling.job import Context, Job


def _run(context: Context) -> None:
    from savctl.usecases.archive.retention import remove_expired

    remove_expired(
        context.database,
        context.clock,
        context.cold(),
        after=context.settings.retention_after,
        terms=context.terms,
        brake=None if context.is_confirmed else context.settings.retention_brake,
    )


JOB = Job(
    name="retention",
    cron="15 0 1 * *",
    summary="Remove tickets for good after 7 years",
    run=_run,
)
