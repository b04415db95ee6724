"""Copy the server's binary logs to the place of backups (rules 17.2, settled 32).

What a dump does not have any more is in them: they lead to any moment since. A gap, where the
server removed a log that was not copied, needs a person: exit code 10.
"""

from __future__ import annotations

from savctl.scheduling.job import Context, Job


def _run(context: Context) -> None:
    report = context.terms.report
    if context.database.is_sqlite:
        report.idle = "not for this database: SQLite writes no binary log"
        return
    if context.settings.backup_url is None:
        report.idle = "no backup_url is configured: no binary log is copied"
        return
    context.log_copying().run(context.terms)


JOB = Job(
    name="binlog-backup",
    cron="10 */6 * * *",
    summary="Copy the server's binary logs to the backups",
    run=_run,
)
