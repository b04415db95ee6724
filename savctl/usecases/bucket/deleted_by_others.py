"""What another program deleted: under its delete marker every version of the object stays.

The service deletes an object with its record, and in a versioned bucket that hides it only. "Gone"
means that no version is left (rules 7.4), so such a key goes on the list of purges, like an
orphan that was hidden at this moment: it can be brought back for 30 more days, and
`purging_objects` asks for its name once more before it touches anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from savctl.domain.files.file_names import TEMP, TICKETS
from savctl.domain.files.object_keys import Shape, first_ticket_of, shape_of
from savctl.persistence.files.file_references import highest_ids, named
from savctl.persistence.files.purge_queue import PurgeReason, PurgeRequest
from savctl.persistence.privacy.holds import held_among
from savctl.persistence.sql import chunks
from savctl.persistence.unit_of_work import UnitOfWork
from savctl.ports import ObjectVersion
from savctl.usecases.bucket.purging_objects import Purging

_AT_ONCE = 1_000


def list_deleted_by_others(work: Purging, *, grace: timedelta, retention: timedelta) -> int:
    """Put keys on the list that have been hidden for `grace` and that no record names.

    Answers how many. A database without any record is a wrong one and puts none there.

    Raises:
        StoreGone, StoreRefused: the bucket; what is on the list already stays.
    """
    count = 0
    if not any(highest_ids(work.database)):
        return count
    for piece in chunks(_versions(work), _AT_ONCE):
        if work.terms.should_stop():
            work.terms.report.left = max(work.terms.report.left, 1)  # nobody knows how many
            return count
        now = work.clock()
        keys = [one.key for one in piece if _is_hidden(one, before=now - grace)]
        if keys:
            count += work.transact(
                lambda uow, keys=keys, now=now: _list(uow, keys, now, now + retention)  # type: ignore[misc]
            )
    return count


def _versions(work: Purging) -> Iterator[ObjectVersion]:
    for prefix in (TEMP, TICKETS):
        yield from work.store.versions(prefix)


def _is_hidden(one: ObjectVersion, *, before: datetime) -> bool:
    is_file = shape_of(one.key) in {Shape.TICKET, Shape.UPLOAD}
    return is_file and one.is_marker and one.is_latest and one.modified_at < before


def _list(uow: UnitOfWork, keys: Sequence[str], now: datetime, due_at: datetime) -> int:
    unlisted = sorted(set(keys) - uow.purges.wanted(keys))
    if not unlisted:
        return 0
    names = named(uow.connection, unlisted)
    tickets = {key: first_ticket_of(key) for key in unlisted}
    held = held_among(uow.connection, (one for one in tickets.values() if one is not None))
    free = [key for key in unlisted if key not in names and tickets[key] not in held]
    uow.purges.want(
        (
            PurgeRequest(key=key, reason=PurgeReason.ORPHAN, due_at=due_at, hidden_at=now)
            for key in free
        ),
        at=now,
    )
    return len(free)
