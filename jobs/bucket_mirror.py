"""Copy what is new in the bucket to its mirror (rules 17.2)."""

from __future__ import annotations

from savctl.scheduling.job import Context, Job
from savctl.usecases.mirror.copying import Mirroring, mirror_bucket
from savctl.usecases.mirror.records import record_mirror, spoiled_contents

_NO_MIRROR = "no mirror is configured: set mirror_url"


def _run(context: Context) -> None:
    mirror = context.mirror()
    if mirror is None:
        context.terms.report.idle = _NO_MIRROR
        return
    mirror_bucket(
        Mirroring(
            store=context.store(),
            mirror=mirror,
            terms=context.terms,
            spoiled=spoiled_contents(context.database),
        )
    )
    if not context.terms.dry_run and not context.terms.report.left:
        record_mirror(context.database, mirror, context.terms, at=context.clock())


JOB = Job(
    name="bucket-mirror",
    cron="0 5 * * sun",
    summary="Copy what is new in the bucket to its mirror",
    run=_run,
)
