"""Close waiting tickets whose customers have been silent for 7 days (rules 3.1).

Every 15 minutes: nobody notices whether a week of silence ends at 10:00 or at 10:15, and a
small batch often is easier on the database, and on customers' notifications, than one at night.
"""

from __future__ import annotations

from dataclasses import dataclass

from savctl.domain.tickets.closing import ClosingLimits
from savctl.scheduling.job import Context, Job
from savctl.scheduling.job_options import JobOptions, option
from savctl.usecases.tickets.closing import close_silent


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoCloseOptions(JobOptions):
    """The options of `auto-close`."""

    heal: bool = option(False, "Also repair what the job finds and can repair.")


def _run(context: Context) -> None:
    settings = context.settings
    close_silent(
        context.database,
        context.clock,
        limits=ClosingLimits(silence=settings.auto_close_after),
        terms=context.terms,
        brake=None if context.is_confirmed else settings.closing_brake,
        heal=context.options_as(AutoCloseOptions).heal,
    )


JOB = Job(
    name="auto-close",
    cron="*/15 * * * *",
    summary="Close waiting tickets after 7 days of silence",
    run=_run,
    options=AutoCloseOptions,
)
