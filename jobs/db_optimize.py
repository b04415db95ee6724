"""Fresh statistics for every table, a rebuild where much is free."""

from __future__ import annotations

from savctl.persistence.jobs.maintenance_lease import exclusive
from savctl.scheduling.job import Context, Job
from savctl.usecases.database.table_care import CareRules, care_for_tables


def _run(context: Context) -> None:
    settings = context.settings
    rules = CareRules(
        over_percent=settings.optimize_over_percent,
        largest_bytes=settings.optimize_largest_gib * 1024**3,
    )
    with exclusive(context.database, context.terms.fence):
        care_for_tables(context.database, rules=rules, terms=context.terms)


JOB = Job(
    name="db-optimize",
    cron="15 4 2 * *",
    summary="Analyze tables, rebuild those with free space",
    run=_run,
)
