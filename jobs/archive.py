"""Move tickets closed for more than a year to cold storage (rules 9.1)."""

from __future__ import annotations

from savctl.persistence.jobs.maintenance_lease import exclusive
from savctl.scheduling.job import Context, Job


def _run(context: Context) -> None:
    from savctl.usecases.archive.archiving import archive_tickets

    with exclusive(context.database, context.terms.fence):
        archive_tickets(
            context.database,
            context.clock,
            context.cold(),
            after=context.settings.archive_after,
            terms=context.terms,
            bundle_tickets=context.settings.archive_bundle_tickets,
            brake=None if context.is_confirmed else context.settings.archive_brake,
        )


JOB = Job(
    name="archive",
    cron="15 1 1 * *",
    summary="Move tickets closed for a year to cold storage",
    run=_run,
)
