"""The bucket beside the database: what no record names, and what records name in vain.

The bucket is listed first and the database read second, so that what is uploaded meanwhile can
only look too young, never orphaned (rules 7.5).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from savctl.domain.files.orphans import BucketMismatch, judge
from savctl.persistence.engine import Database
from savctl.persistence.files.bucket_diff import Comparison, Mismatch
from savctl.persistence.files.file_references import PLACES, highest_ids, named_keys
from savctl.persistence.files.orphan_intents import pending
from savctl.persistence.sql import chunks
from savctl.ports import ObjectStore, StoredObject
from savctl.usecases.batch.batches import never_stop

_AT_ONCE = 10_000  # objects handed to the comparison together


@dataclass(frozen=True, slots=True)
class UnreferencedObject:
    """An object that no record names, as it was listed."""

    key: str
    size_bytes: int
    modified_at: datetime
    finding: BucketMismatch = BucketMismatch.ORPHAN


@dataclass(slots=True)
class Census:
    """How many there are, and of how many bytes."""

    objects: int = 0
    bytes: int = 0
    records: int = 0
    found: Counter[BucketMismatch] = field(default_factory=Counter)
    found_bytes: Counter[BucketMismatch] = field(default_factory=Counter)

    def count(self, finding: BucketMismatch, size_bytes: int) -> None:
        """Count one finding."""
        self.found[finding] += 1
        self.found_bytes[finding] += size_bytes

    def as_json(self) -> dict[str, object]:
        """The numbers by name."""
        details: dict[str, object] = {
            "objects": self.objects,
            "bytes": self.bytes,
            "records": self.records,
        }
        for finding in BucketMismatch:
            details[str(finding)] = self.found[finding]
            details[f"{finding}_bytes"] = self.found_bytes[finding]
        return details


class Compared:
    """A finished comparison: counted once, and asked as often as needed."""

    def __init__(self, comparison: Comparison, *, now: datetime, grace: timedelta) -> None:
        self.census = Census()
        self._comparison = comparison
        self._now = now
        self._grace = grace
        totals = comparison.totals()
        self.census.objects, self.census.bytes, self.census.records = totals
        for candidate in self.unnamed():
            self.census.count(candidate.finding, candidate.size_bytes)
        for mismatch in self.mismatches():
            self.census.count(finding_of(mismatch), mismatch.size_bytes)

    def unnamed(self) -> Iterator[UnreferencedObject]:
        """Every object without a record, whatever is to become of it, in order of the keys."""
        for key, size, at in self._comparison.unnamed():
            modified_at = datetime.fromtimestamp(at, UTC)
            finding = judge(key, modified_at, now=self._now, grace=self._grace)
            if finding is not None:
                yield UnreferencedObject(key, size, modified_at, finding)

    def orphans(self) -> Iterator[UnreferencedObject]:
        """The objects to be removed."""
        return (one for one in self.unnamed() if one.finding is BucketMismatch.ORPHAN)

    def mismatches(self) -> Iterator[Mismatch]:
        """The records without an object of their size, in order of the records."""
        return self._comparison.mismatches()

    def named_again(self) -> Iterator[str]:
        """The keys hidden or about to be hidden by earlier runs that a record names by now."""
        return self._comparison.named_again()


@contextmanager
def compared(
    database: Database,
    store: ObjectStore,
    *,
    now: datetime,
    grace: timedelta,
    should_stop: Callable[[], bool] = never_stop,
) -> Iterator[Compared | None]:
    """The comparison for the length of a block; None when somebody asked to stop.

    Raises:
        StoreGone: the listing broke off; half a listing is never compared.
        Unavailable: the database went away, or the disk has no room.
    """
    with closing(Comparison()) as comparison:
        is_whole = _filled(comparison, database, store, should_stop)
        yield Compared(comparison, now=now, grace=grace) if is_whole else None


def finding_of(mismatch: Mismatch) -> BucketMismatch:
    """What is wrong with the record."""
    return BucketMismatch.MISSING if mismatch.found is None else BucketMismatch.SIZE


def _filled(
    comparison: Comparison,
    database: Database,
    store: ObjectStore,
    should_stop: Callable[[], bool],
) -> bool:
    """Both sides read to their ends; False after a stop."""
    newest = dict(zip(PLACES, highest_ids(database), strict=True))
    for piece in chunks(map(_listed, store.listing("")), _AT_ONCE):
        comparison.add_objects(piece)
        if should_stop():
            return False
    for place, page in named_keys(database):
        comparison.add_names(page, old_up_to=newest[place])
        if should_stop():
            return False
    for keys in pending(database):
        comparison.add_pending(keys)
    comparison.index()
    return not should_stop()


def _listed(found: StoredObject) -> tuple[str, int, float]:
    return found.key, found.size_bytes, found.modified_at.timestamp()
