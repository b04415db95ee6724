"""`temp-cleanup`: what uploads left behind under `temp/`, and uploads in parts without an end.

An object under `temp/` goes the way of an orphan: asked for once more, hidden, and purged 30
days later. There is no brake: nothing under `temp/` is meant to stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from savctl.domain.files.file_names import TEMP, TICKETS
from savctl.domain.files.orphans import BucketMismatch, judge
from savctl.errors import SavError
from savctl.persistence.files.uploads import Upload, UploadRecords
from savctl.persistence.paging import pages
from savctl.persistence.unit_of_work import in_transaction
from savctl.usecases.batch.batches import BATCH_FATAL
from savctl.usecases.batch.report import Item, ItemOutcome
from savctl.usecases.bucket.bucket_scan import UnreferencedObject
from savctl.usecases.bucket.hiding import Hiding, hide_all
from savctl.usecases.bucket.resume import settle


def clean_up_temp(work: Hiding) -> None:
    """Hide what is left under `temp/`, and end the uploads that nobody ended.

    Raises:
        Unavailable: store or database went away; what was done stays done.
    """
    report = work.terms.report
    if not work.terms.dry_run:
        settle(work)
    ended = abort_abandoned(work)  # first: what nobody ended names its key no longer
    hidden = hide_all(work, _leftovers(work), total=0)
    report.details = {
        "hidden": hidden.objects,
        "hidden_bytes": hidden.bytes,
        "uploads_ended": ended,
    }


def abort_abandoned(work: Hiding) -> int:
    """End the uploads in parts that are older than the grace time; answers how many.

    Those that savctl began are asked for by their exact keys as well: older stores tell of an
    upload in no other way.
    """
    before = work.clock() - work.grace
    ended: set[tuple[str, str]] = set()
    for known in _announced(work, before):
        if all(_end(work, *one, ended) for one in _parts_of(work, known, before)):
            _forget(work, known.id)
    for prefix in (TEMP, TICKETS):
        for one in _begun(work, prefix, before):
            _end(work, *one, ended)
    return len(ended)


def _leftovers(work: Hiding) -> Iterator[UnreferencedObject]:
    for found in work.store.listing(TEMP):
        work.terms.report.seen += 1
        verdict = judge(found.key, found.modified_at, now=work.clock(), grace=work.grace)
        if verdict is BucketMismatch.ORPHAN:
            yield UnreferencedObject(found.key, found.size_bytes, found.modified_at)
        elif verdict is BucketMismatch.UNKNOWN:
            reason = "is no key of savctl's or the service's"
            work.terms.report.add([Item(found.key, None, ItemOutcome.SKIPPED, reason)], seen=0)


def _announced(work: Hiding, before: datetime) -> Iterator[Upload]:
    """The uploads that savctl began before an instant and has not recorded since."""

    def read(after: str, count: int) -> list[Upload]:
        with work.database.reading() as connection:
            return UploadRecords(connection).begun_before(before, after_id=after, limit=count)

    for page in pages(read, lambda upload: upload.id, after="", size=work.terms.size):
        yield from page


def _parts_of(work: Hiding, upload: Upload, before: datetime) -> list[tuple[str, str]]:
    """Key and id of what it has under way; one that died early did not write the id down."""
    found = set()
    for key in (upload.temp_key, upload.object_key):
        if key is not None:
            found |= set(_begun(work, key, before))
    if upload.upload_id is not None and upload.temp_key is not None:
        found.add((upload.temp_key, upload.upload_id))
    return sorted(found)


def _begun(work: Hiding, prefix: str, before: datetime) -> list[tuple[str, str]]:
    """Key and id of the uploads below a prefix that began before an instant."""
    found = work.store.partial_uploads(prefix)
    return [(one.key, one.upload_id) for one in found if one.started_at < before]


def _end(work: Hiding, key: str, upload_id: str, ended: set[tuple[str, str]]) -> bool:
    """End one upload, once; False when it could not be."""
    if (key, upload_id) in ended:
        return True
    try:
        if not work.terms.dry_run:
            work.terms.require_lease()
            work.store.abort_parts(key, upload_id)
    except BATCH_FATAL:
        raise
    except SavError as problem:
        item = Item(
            key, None, ItemOutcome.FAILED, f"its upload could not be ended: {problem.message}"
        )
        work.terms.report.add([item], seen=0)
        return False
    ended.add((key, upload_id))
    item = Item(key, None, ItemOutcome.CHANGED, "its upload in parts was never ended")
    work.terms.report.add([item], seen=0)
    return True


def _forget(work: Hiding, id_: str) -> None:
    in_transaction(
        work.database,
        lambda uow: UploadRecords(uow.connection).forget([id_]),
        dry_run=work.terms.dry_run,
        fence=work.terms.fence,
    )
