"""Remove expired cache entries and locks, and old rows of savctl's own: commit tokens, counts of
commands, the inbox, the state of users who were deleted long ago.
"""

from __future__ import annotations

from savctl.scheduling.job import Context, Job
from savctl.usecases.database.cache_cleanup import SyncKept, clean_caches


def _run(context: Context) -> None:
    settings = context.settings
    kept = SyncKept(inbox=settings.inbox_retention, state=settings.sync_state_retention)
    clean_caches(context.database, context.clock, terms=context.terms, kept=kept)


JOB = Job(
    name="cache-cleanup",
    cron="45 3 * * sun",
    summary="Remove expired rows of the service's caches",
    run=_run,
)
