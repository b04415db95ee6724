"""The newest backup is restored every week, which alone proves it (rules 17.2)."""

from __future__ import annotations

from savctl.scheduling.job import Context, Job


def _run(context: Context) -> None:
    from savctl.usecases.backup.nightly import weekly_proof

    weekly_proof(context.backups(), context.terms)


JOB = Job(
    name="backup-verify",
    cron="0 6 * * sun",
    summary="Restore the newest backup beside the database",
    run=_run,
)
