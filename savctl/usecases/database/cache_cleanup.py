"""Old entries leave the service's cache tables and savctl's own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from savctl.persistence.commit_tokens import oldest_kept
from savctl.persistence.engine import Database
from savctl.persistence.jobs.caches import (
    OldRows,
    deleted_before,
    expired_caches,
    idle_users,
    old_tokens,
    old_writes,
    taken_in_before,
)
from savctl.persistence.tickets.written_tickets import KEPT as WRITES_KEPT
from savctl.persistence.unit_of_work import in_transaction
from savctl.ports import Clock
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import Item, ItemOutcome

# The service judges by its own clock: a lock must not go while it still holds there.
LOCK_GRACE = timedelta(seconds=30)
# The window is a minute; a database's clock that was set back a little must not open it again.
COUNTS_KEPT = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncKept:
    """How long it is remembered that a message was taken in, and that a user was deleted."""

    inbox: timedelta = timedelta(days=30)
    state: timedelta = timedelta(days=365)


def clean_caches(
    database: Database, clock: Clock, *, terms: BatchContext, kept: SyncKept | None = None
) -> None:
    """Remove expired entries of `cache` and `cache_locks`, and what is old of ours.

    Of ours are commit tokens, counts of commands, writes to tickets on a cluster, the inbox and
    the state of deleted users.

    The unit of the report is rows.

    Keys are not listed: they may hold what a customer's session is called. Queued `jobs` are
    the service's own affair and left alone.

    Raises:
        Unavailable: the database went away, or the lease was lost; committed batches stay.
    """
    now = clock()
    with database.reading() as connection:
        counts = idle_users(connection, kept=COUNTS_KEPT)
        writes = old_writes(connection, kept=WRITES_KEPT)
    caches = expired_caches(now, lock_grace=LOCK_GRACE)
    kept = kept or SyncKept()
    arrived = (taken_in_before(now - kept.inbox), deleted_before(now - kept.state))
    places = (*caches, old_tokens(oldest_kept(now)), counts, writes, *arrived)
    for place in places:
        removed = _clean(database, place, terms)
        if removed:
            item = Item(
                place.name, None, ItemOutcome.CHANGED, f"{removed} expired", always_listed=True
            )
            terms.report.add_note(item)
    if terms.should_stop():
        with database.reading() as connection:
            terms.report.left = sum(place.count(connection) for place in places)


def _clean(database: Database, place: OldRows, terms: BatchContext) -> int:
    removed, last = 0, None
    while not terms.should_stop():
        with database.reading() as connection:
            keys = place.page(connection, after=last, limit=terms.size)
        if not keys:
            break
        gone = in_transaction(
            database,
            lambda uow, keys=keys: place.remove(uow.connection, keys),  # type: ignore[misc]
            dry_run=terms.dry_run,
            fence=terms.fence,
        )
        removed, last = removed + gone, keys[-1]
        terms.report.count(seen=len(keys), changed=gone)
        terms.on_batch(terms.report)
    return removed
