"""`orphan-cleanup`: objects that no record names are hidden now, and purged 30 days later.

Rules 7.5. Nothing is removed while the brake holds, and nothing is purged here at all: that is
the work of attachment-purge, for what stayed hidden and unnamed for the whole time.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice

from savctl.domain.clock import second_text
from savctl.domain.files.orphans import Brake, BucketMismatch
from savctl.persistence.engine import Database
from savctl.persistence.files.bucket_diff import Mismatch
from savctl.persistence.jobs.reports import delete_reports, keep_report, last_report
from savctl.persistence.metrics.figures import (
    BUCKET_BYTES as BYTES,
)
from savctl.persistence.metrics.figures import (
    BUCKET_FIGURE,
    ORPHANS,
    keep_figure,
)
from savctl.persistence.metrics.figures import (
    BUCKET_OBJECTS as OBJECTS,
)
from savctl.persistence.metrics.figures import (
    FILES_MISSING as MISSING,
)
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import LISTED, Item, ItemOutcome
from savctl.usecases.batch.safety_limit import stop
from savctl.usecases.bucket.bucket_scan import Census, Compared, compared
from savctl.usecases.bucket.hiding import Hiding, hide_all
from savctl.usecases.bucket.resume import bring_back, settle
from savctl.usecases.bucket.temp_cleanup import abort_abandoned

KIND = "orphan-cleanup"
_KEPT = timedelta(days=366)


def clean_up_orphans(work: Hiding, *, brake: Brake | None) -> None:
    """Compare the bucket with the database, and hide what no record names.

    `brake` is None when a person has lifted it.

    Raises:
        NeedsConfirmation: the brake stopped the run; nothing was hidden.
        Unavailable: bucket or database went away; what was hidden is on the work list.
    """
    terms, now = work.terms, work.clock()
    if not terms.dry_run:
        settle(work)
    with compared(
        work.database, work.store, now=now, grace=work.grace, should_stop=terms.should_stop
    ) as found:
        if found is None:
            terms.report.left = 1  # at least: nothing is known yet
            return
        terms.report.seen = found.census.objects
        terms.report.details = found.census.as_json()
        _keep_figures(work, found.census, now)  # before the brake: it must be seen when it holds
        returned = bring_back(work, found.named_again())  # a brake on removal is none on this
        require_brake_off(found.census, brake, terms)
        ended = abort_abandoned(work)  # first: what nobody ended names its key no longer
        hidden = hide_all(work, found.orphans(), total=found.census.found[BucketMismatch.ORPHAN])
        terms.report.details |= {
            "hidden": hidden.objects,
            "hidden_bytes": hidden.bytes,
            "brought_back": returned,
            "uploads_ended": ended,
        }
        _report_oddities(work, found)
    _keep(work, now)


def require_brake_off(census: Census, brake: Brake | None, terms: BatchContext) -> None:
    """Pass, unless the numbers look like a wrong database or a wrong bucket.

    Raises:
        NeedsConfirmation: they do.
    """
    if brake is None:
        return
    reason = brake.reason(
        objects=census.objects, records=census.records, orphans=census.found[BucketMismatch.ORPHAN]
    )
    if reason is not None:
        stop(
            terms,
            reason,
            lifted_by="--force",
            undone="nothing was hidden",
            hint="Is it the right database, and the right bucket? Look at them: savctl attachment "
            f"orphans. Hide them all the same: savctl job run {KIND} --force. The limits are the "
            "settings orphan_brake_percent and orphan_brake_count.",
            job=KIND,
        )


def last_cleanup(database: Database) -> dict[str, object] | None:
    """The report of the last run, None when there was none."""
    with database.reading() as connection:
        return last_report(connection, KIND)


def mismatch_text(mismatch: Mismatch) -> str:
    """What is wrong with a record, in words."""
    record = f"record {mismatch.record_id} of ticket {mismatch.ticket_id}"
    if mismatch.found is None:
        return f"{record} names it, and there is no object"
    return f"{record} has {mismatch.size_bytes} bytes, the object has {mismatch.found}"


def _report_oddities(work: Hiding, found: Compared) -> None:
    """List what a person should know of; nothing is done about it."""
    unknown = (
        Item(one.key, None, ItemOutcome.SKIPPED, "is no key of savctl's or the service's")
        for one in found.unnamed()
        if one.finding is BucketMismatch.UNKNOWN
    )
    records = (
        Item(one.key, None, ItemOutcome.SKIPPED, mismatch_text(one)) for one in found.mismatches()
    )
    listed = [*islice(unknown, LISTED), *islice(records, LISTED)]
    census = found.census.found
    work.terms.report.add(listed, seen=0)
    total = (
        census[BucketMismatch.UNKNOWN]
        + census[BucketMismatch.MISSING]
        + census[BucketMismatch.SIZE]
    )
    work.terms.report.skipped += total - len(listed)


def _keep_figures(work: Hiding, census: Census, now: datetime) -> None:
    """What metrics show of the bucket until the next run."""
    if work.terms.dry_run:
        return
    figures = {
        OBJECTS: census.objects,
        BYTES: census.bytes,
        ORPHANS: census.found[BucketMismatch.ORPHAN],
        MISSING: census.found[BucketMismatch.MISSING],
    }
    rows = [(name, (), float(value)) for name, value in figures.items()]
    in_transaction(
        work.database,
        lambda uow: keep_figure(uow.connection, BUCKET_FIGURE, rows, at=now, took_ms=0),
        fence=work.terms.fence,
    )


def _keep(work: Hiding, now: datetime) -> None:
    """Keep the report of a whole run."""
    if work.terms.dry_run or work.terms.report.left:
        return
    run_id = work.terms.fence.run_id if work.terms.fence else None
    body = {"made_at": second_text(now), "bucket": work.store.name, **work.terms.report.details}

    def keep(uow: UnitOfWork) -> None:
        keep_report(uow.connection, KIND, body, at=now, run_id=run_id)
        delete_reports(uow.connection, KIND, before=now - _KEPT)

    in_transaction(work.database, keep, fence=work.terms.fence)
