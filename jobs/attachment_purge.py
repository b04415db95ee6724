"""Remove for good what was deleted or hidden 30 days ago (rules 7.3).

Soft-deleted records first, then every object on the list of purges: those records', hidden
orphans, and what retention and erasure put there. Last, what another program deleted is put on
the list for a later run.
"""

from __future__ import annotations

from savctl.scheduling.job import Context, Job
from savctl.usecases.bucket.deleted_by_others import list_deleted_by_others
from savctl.usecases.bucket.purging_objects import AT_ONCE, Purging, purge_objects
from savctl.usecases.bucket.purging_records import forget_strays, purge_deleted_records


def _run(context: Context) -> None:
    terms = context.terms
    purge_deleted_records(
        context.database,
        context.clock,
        retention=context.settings.file_retention,
        terms=terms,
    )
    records = terms.report.changed
    forget_strays(context.database, terms=terms)
    work = Purging(
        database=context.database,
        store=context.store(),
        clock=context.clock,
        terms=terms,
        at_once=min(AT_ONCE, terms.size),
    )
    done = purge_objects(work)
    terms.report.details = {
        "records": records,
        "objects": done.objects,
        "bytes": done.bytes,
        "kept": done.kept,
        "deleted_by_others": list_deleted_by_others(
            work, grace=context.settings.orphan_grace, retention=context.settings.file_retention
        ),
    }


JOB = Job(
    name="attachment-purge",
    cron="20 2 * * *",
    summary="Remove deleted and orphaned files after 30 days",
    run=_run,
)
