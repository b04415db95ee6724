"""Whether each record's object is there and is what was uploaded; nothing is changed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

from savctl.persistence.engine import Database
from savctl.persistence.files.attachments import Attachment, Attachments
from savctl.persistence.paging import pages
from savctl.persistence.unit_of_work import UnitOfWork
from savctl.ports import NoSuchObject, ObjectStore, UnusableKey
from savctl.usecases.batch.batches import never_stop
from savctl.usecases.files.access import difference

LISTED = 1_000
MISSING, SIZE, CONTENT = "missing", "size", "content"
_PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """A record whose object is not there, or not as the record describes it."""

    attachment: Attachment
    problem: str
    detail: str


@dataclass(slots=True)
class VerifyReport:
    """How many records were looked at, how many are wrong in which way, and the first of them."""

    checked: int = 0
    bytes_read: int = 0
    is_stopped: bool = False
    counts: dict[str, int] = field(default_factory=lambda: {MISSING: 0, SIZE: 0, CONTENT: 0})
    wrong: list[Wrong] = field(default_factory=list)

    @property
    def is_broken(self) -> bool:
        """Whether any record is wrong."""
        return any(self.counts.values())

    def add(self, found: Wrong | None) -> None:
        """Count one record."""
        self.checked += 1
        if found is not None:
            self.counts[found.problem] += 1
            if len(self.wrong) < LISTED:
                self.wrong.append(found)


def verify_files(
    database: Database,
    store: ObjectStore,
    *,
    refs: Collection[str | int] = (),
    is_quick: bool = False,
    should_stop: Callable[[], bool] = never_stop,
) -> VerifyReport:
    """Compare every record, soft-deleted ones included, with its object; or those of some tickets.

    With `is_quick` the content is not read: only that it is there, and its size.

    Raises:
        NotFound: no such ticket.
        StoreGone, StoreRefused: the bucket; nothing is known.
    """
    report = VerifyReport()
    for attachment in _records(database, refs):
        if should_stop():
            report.is_stopped = True
            break
        report.add(_wrong(store, attachment, report, is_quick=is_quick))
    return report


def _records(database: Database, refs: Collection[str | int]) -> Iterator[Attachment]:
    ticket_ids = None
    if refs:
        with database.reading() as connection:
            ticket_ids = {UnitOfWork(connection).tickets.get(ref).id for ref in refs}

    def read(after: int, count: int) -> list[Attachment]:
        with database.reading() as connection:
            return Attachments(connection).page(after_id=after, limit=count, ticket_ids=ticket_ids)

    for page in pages(read, lambda record: record.id, after=0, size=_PAGE):
        yield from page


def _wrong(
    store: ObjectStore, attachment: Attachment, report: VerifyReport, *, is_quick: bool
) -> Wrong | None:
    try:
        found = store.find(attachment.file_path)
    except UnusableKey as refused:
        return Wrong(attachment=attachment, problem=MISSING, detail=refused.message)
    if found is None:
        return Wrong(attachment=attachment, problem=MISSING, detail="there is no object")
    if found.size_bytes != attachment.file_size:
        sizes = f"{found.size_bytes} bytes; the record has {attachment.file_size}"
        return Wrong(attachment=attachment, problem=SIZE, detail=sizes)
    if is_quick:
        return None
    digest = hashlib.sha256()
    try:
        with store.read(attachment.file_path) as pieces:
            for piece in pieces:
                digest.update(piece)
                report.bytes_read += len(piece)
    except NoSuchObject:
        return Wrong(attachment=attachment, problem=MISSING, detail="it was removed meanwhile")
    detail = difference(attachment, attachment.file_size, digest.hexdigest())
    return Wrong(attachment=attachment, problem=CONTENT, detail=detail) if detail else None
