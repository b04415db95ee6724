"""A backup every night, then the old ones go (rules 17.2)."""

from __future__ import annotations

from savctl.scheduling.job import Context, Job


def _run(context: Context) -> None:
    from savctl.usecases.backup.nightly import nightly_backup

    nightly_backup(context.backups(), context.terms)


JOB = Job(
    name="backup",
    cron="30 0 * * *",
    summary="Back the database up, remove old backups",
    run=_run,
)
