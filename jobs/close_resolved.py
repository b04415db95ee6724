"""Close resolved tickets that nobody contested for 24 hours (rules 3.2).

Every 15 minutes, some minutes beside auto-close, so that the two do not queue for each other.
"""

from __future__ import annotations

from savctl.domain.tickets.closing import ClosingLimits
from savctl.scheduling.job import Context, Job
from savctl.usecases.tickets.closing import close_resolved


def _run(context: Context) -> None:
    settings = context.settings
    close_resolved(
        context.database,
        context.clock,
        limits=ClosingLimits(confirmation=settings.close_resolved_after),
        terms=context.terms,
        brake=None if context.is_confirmed else settings.closing_brake,
    )


JOB = Job(
    name="close-resolved",
    cron="7-59/15 * * * *",
    summary="Close resolved tickets after 24 hours",
    run=_run,
)
