"""Remove expired cache entries and locks, old commit tokens and counts of commands."""

from __future__ import annotations

from savctl.scheduling.job import Context, Job
from savctl.usecases.database.cache_cleanup import clean_caches


def _run(context: Context) -> None:
    clean_caches(context.database, context.clock, terms=context.terms)


JOB = Job(
    name="cache-cleanup",
    cron="45 3 * * sun",
    summary="Remove expired rows of the service's caches",
    run=_run,
)
