"""When an object without a record may be removed, and when a person has to look first.

Rules 7.5. Whether a record names an object is decided elsewhere, byte for byte; here is what
follows from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from savctl.domain.files.object_keys import Shape, shape_of


class BucketMismatch(StrEnum):
    """In what a bucket and its database do not agree."""

    ORPHAN = "orphan"  # no record names it: to be removed
    TOO_YOUNG = "too_young"  # no record names it yet: its upload may be under way
    UNKNOWN = "unknown_key"  # neither savctl nor the service makes such keys
    MISSING = "missing"  # a record names it, and there is no object
    SIZE = "size_differs"  # the record has another size than the object


def judge(
    key: str, modified_at: datetime, *, now: datetime, grace: timedelta
) -> BucketMismatch | None:
    """What to make of an object that no record names; None when it is no upload at all.

    Exactly as old as the grace time is still too young.
    """
    shape = shape_of(key)
    if shape is Shape.BUNDLE:
        return None
    if shape is Shape.UNKNOWN:
        return BucketMismatch.UNKNOWN
    return BucketMismatch.ORPHAN if now - modified_at > grace else BucketMismatch.TOO_YOUNG


@dataclass(frozen=True, slots=True, kw_only=True)
class Brake:
    """The share of the bucket, and the number, above which a person has to look first."""

    percent: int
    count: int

    def reason(self, *, objects: int, records: int, orphans: int) -> str | None:
        """Why to stop before the first removal; None to go on.

        A wrong or empty database must not empty the bucket. Nothing to remove needs no brake.
        """
        if not orphans:
            return None
        if not records:
            return f"no record at all names a file, and {orphans} objects would be removed"
        if orphans > self.count and orphans * 100 > objects * self.percent:
            share = f"{orphans * 100 / objects:.0f} %"
            return f"{orphans} of {objects} objects ({share}) have no record"
        return None
