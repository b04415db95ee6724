"""Objects that are to go for good go: claimed, purged, verified gone, then off the list.

A claim is committed before the bucket is touched. From then on no upload takes the key, so an
object that a record names cannot be caught; a run that dies leaves claims that the next one
completes. What a record names, or what is visible again although it was hidden, is not purged:
its intent is dropped, and reported.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from savctl.domain.files.file_names import ticket_of
from savctl.domain.files.object_keys import first_ticket_of
from savctl.persistence.engine import Database
from savctl.persistence.files.file_references import named, named_anew
from savctl.persistence.files.purge_queue import Purge, PurgeReason, Purges
from savctl.persistence.privacy.holds import held_among
from savctl.persistence.sql import chunks
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.ports import Clock, KeyFailure, ObjectStore
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import Item, ItemOutcome

T = TypeVar("T")
AT_ONCE = 200
_BETWEEN_ASKS = 20  # keys that are purged before the lease is asked for again
_HELD = "its ticket is under legal hold"


@dataclass(slots=True)
class Purged:
    """What was purged, in objects and bytes, and how many intents were dropped."""

    objects: int = 0
    bytes: int = 0
    kept: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Purging:
    """Where to purge, and under which terms; so many as `at_once` are claimed together."""

    database: Database
    store: ObjectStore
    clock: Clock
    terms: BatchContext
    at_once: int = AT_ONCE

    def transact(self, work: Callable[[UnitOfWork], T]) -> T:
        """One transaction of the job; a dry run's is rolled back."""
        return in_transaction(
            self.database, work, dry_run=self.terms.dry_run, fence=self.terms.fence
        )


def purge_objects(work: Purging) -> Purged:
    """Purge every object on the list whose time has come.

    Raises:
        StoreGone, StoreRefused: the bucket; what is claimed is completed by the next run.
        Unavailable: the database went away, or the lease was lost.
    """
    done, after = Purged(), 0
    now = work.clock()
    while True:
        with work.database.reading() as connection:
            page = Purges(connection).due(now, after_id=after, limit=work.at_once)
        if not page:
            return done
        if work.terms.should_stop():
            with work.database.reading() as connection:
                work.terms.report.left += Purges(connection).count_due(now, after_id=after)
            return done
        purge_page(work, page, done)
        after = page[-1].id
        work.terms.on_batch(work.terms.report)


def purge_page(work: Purging, page: Sequence[Purge], done: Purged) -> None:
    """Purge these, whenever they are due; what is held or named is left and reported.

    Raises:
        StoreGone, StoreRefused: the bucket; what is claimed is completed by the next run.
        Unavailable: the database went away, or the lease was lost.
    """
    with work.database.reading() as connection:
        names = named(connection, [one.object_key for one in page])
    for one in page:
        if one.reason == PurgeReason.ORPHAN and one.claimed_at is None:
            _show_what_is_named(work, one, names)
    claimed, items = work.transact(lambda uow: _claim(uow, page, names, work.clock()))
    done.kept += sum(item.always_listed for item in items)
    gone, more = (claimed, list[Item]()) if work.terms.dry_run else _purge(work, claimed)
    done.objects += len(gone)
    done.bytes += sum(one.size_bytes or 0 for one in gone)
    mine = [one for one in gone if one.reason != PurgeReason.DELETED]  # else its record counts
    seen = sum(one.reason != PurgeReason.DELETED for one in page)
    work.terms.report.add([*items, *more, *map(_changed, mine)], seen=seen)


def _claim(
    uow: UnitOfWork, page: Sequence[Purge], names: Mapping[str, str], now: datetime
) -> tuple[list[Purge], list[Item]]:
    """What may go, claimed; and what may not, with the reason."""
    tickets = {one.id: _tickets_of(one) for one in page}
    everywhere = set().union(*tickets.values())
    uow.tickets.lock_many(everywhere)
    held = held_among(uow.connection, everywhere)
    keys = [one.object_key for one in page]
    taken = {**named_anew(uow.connection, everywhere, keys), **names}
    claimed, dropped, items = [], [], []
    for one in page:
        if tickets[one.id] & held:
            items.append(Item(one.object_key, None, ItemOutcome.SKIPPED, _HELD))
        elif one.object_key in taken:
            dropped.append(one.id)
            why = f"kept: {taken[one.object_key]}"
            items.append(Item(one.object_key, None, ItemOutcome.SKIPPED, why, always_listed=True))
        else:
            claimed.append(one)
    uow.purges.drop(dropped)
    uow.purges.claim([one.id for one in claimed], at=now)
    return claimed, items


def _purge(work: Purging, claimed: Sequence[Purge]) -> tuple[list[Purge], list[Item]]:
    """Purge and verify; answers what is gone, and a failure for each that is not."""
    if work.terms.should_stop():  # nothing was touched yet
        return [], []
    by_key = {one.object_key: one for one in claimed}
    failures: dict[str, KeyFailure] = {}
    for keys in chunks(by_key, _BETWEEN_ASKS):
        work.terms.require_lease()
        failures |= {f.key: f for f in work.store.purge(keys)}
    for key in by_key.keys() - failures.keys():
        left = work.store.remains(key)
        if left:
            failures[key] = KeyFailure(key, f"{left} versions or markers remain")
    gone = [one for key, one in by_key.items() if key not in failures]

    def write_down(uow: UnitOfWork) -> None:
        uow.purges.drop([one.id for one in gone])
        for failure in failures.values():
            uow.purges.failed(by_key[failure.key].id, failure.reason)
        if gone:
            size = sum(one.size_bytes or 0 for one in gone)
            details = {"objects": len(gone), "bytes": size}
            uow.audit.note("objects_purged", actor=None, at=work.clock(), details=details)

    work.transact(write_down)
    items = [Item(f.key, None, ItemOutcome.FAILED, f.reason) for f in failures.values()]
    return gone, sorted(items, key=lambda item: str(item.id))


def _show_what_is_named(work: Purging, one: Purge, names: dict[str, str]) -> None:
    """A hidden orphan that is named again is shown; one that is visible counts as named."""
    if one.object_key not in names:
        if work.store.find(one.object_key) is not None:
            names[one.object_key] = "it is visible again"
    elif not work.terms.dry_run:
        work.terms.require_lease()
        work.store.unhide(one.object_key)


def _tickets_of(one: Purge) -> set[int]:
    """The tickets whose rows guard the key: the one it was made for, the one it was on last."""
    named_by = (one.ticket_id, ticket_of(one.object_key), first_ticket_of(one.object_key))
    return {ticket_id for ticket_id in named_by if ticket_id is not None}


def _changed(one: Purge) -> Item:
    return Item(
        one.object_key, None, ItemOutcome.CHANGED, f"{one.reason}: retention period expired"
    )
