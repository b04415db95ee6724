"""Hiding orphans, a batch at a time, so that a kill at any moment loses nothing (rules 7.5).

1. One transaction asks the database once more and writes down what is to be hidden.
2. Each object is looked at once more: one that was stored again since the listing is left.
3. Delete markers are put on the rest.
4. The database is asked a third time: a record written meanwhile gets its object back.
5. One transaction writes down what is hidden. From here it is kept 30 days.

An upload that records a key between 3 and 5 finds the key on the list of `savctl_purges`, and
one that comes later still is found by the next run: named keys are always brought back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from savctl.domain.clock import second_text
from savctl.domain.files.object_keys import first_ticket_of
from savctl.domain.files.orphans import BucketMismatch, judge
from savctl.errors import SavError, Unavailable
from savctl.persistence.engine import Database
from savctl.persistence.files import orphan_intents as intents
from savctl.persistence.files.file_references import named
from savctl.persistence.privacy.holds import held_among
from savctl.persistence.sql import chunks
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.ports import Clock, KeyFailure, ObjectStore
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import Item, ItemOutcome
from savctl.usecases.bucket.bucket_scan import UnreferencedObject

T = TypeVar("T")


@dataclass(slots=True)
class Hidden:
    """What became of the batches so far, in objects and bytes."""

    objects: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hiding:
    """Where to hide what is older than `grace`, and for how long it is kept then.

    So many as `at_once` are looked at and hidden together: a request takes more keys, but the
    look is to be fresh, and that at a thousand would be some seconds old.
    """

    database: Database
    store: ObjectStore
    clock: Clock
    grace: timedelta
    retention: timedelta
    terms: BatchContext
    audited_as: str
    at_once: int = 100

    def transact(self, do: Callable[[UnitOfWork], T]) -> T:
        """One transaction of the job; a dry run's is rolled back."""
        return in_transaction(
            self.database, do, dry_run=self.terms.dry_run, fence=self.terms.fence
        )

    def note_hidden(self, uow: UnitOfWork, keys: Sequence[str]) -> None:
        """Write down that these are hidden: from now they are kept for the retention time."""
        now = self.clock()
        intents.note_hidden(uow.connection, keys, at=now, due_at=now + self.retention)


def hide_all(work: Hiding, orphans: Iterable[UnreferencedObject], *, total: int) -> Hidden:
    """Hide these, batch by batch, until somebody asks to stop.

    `left` is then what is left of so many, and 1 where nobody knows how many there are.
    """
    hidden, done = Hidden(), 0
    for batch in chunks(orphans, work.terms.size):
        if work.terms.should_stop():
            work.terms.report.left = max(total - done, 1)
            break
        hide_batch(work, batch, hidden)
        done += len(batch)
    return hidden


def hide_batch(work: Hiding, batch: Sequence[UnreferencedObject], hidden: Hidden) -> None:
    """Hide what is still orphaned of a batch, and add it to the report.

    Raises:
        Unavailable: database or store went away; the next run finds out how far this one came.
        SavError: the store refuses; nothing of what it refused stays on the list.
    """
    done, items = work.transact(lambda uow: _intend(uow, work, batch))
    if not work.terms.dry_run:
        done, more = _hidden_or_not(work, done)
        items += more
    hidden.objects += len(done)
    hidden.bytes += sum(one.size_bytes for one in done)
    work.terms.report.add([*items, *map(_changed, done)], seen=0)
    work.terms.on_batch(work.terms.report)


def _intend(
    uow: UnitOfWork, work: Hiding, batch: Sequence[UnreferencedObject]
) -> tuple[list[UnreferencedObject], list[Item]]:
    """What is to be hidden, written down; and what is not, with the reason."""
    now = work.clock()
    if work.terms.dry_run:
        _forget_abandoned(uow, before=now - work.grace)
    keys = [one.key for one in batch]
    names = named(uow.connection, keys)
    listed = intents.listed_as(uow.connection, keys)
    tickets = {key: ticket for key in keys if (ticket := first_ticket_of(key)) is not None}
    held = held_among(uow.connection, tickets.values())
    intended, items = [], []
    for one in batch:
        other = listed.get(one.key, intents.ORPHAN)
        if one.key in names:
            items.append(_skipped(one.key, f"is named by now: {names[one.key]}"))
        elif tickets.get(one.key) in held:
            items.append(_skipped(one.key, f"ticket {tickets[one.key]} is under legal hold"))
        elif other != intents.ORPHAN:
            items.append(_skipped(one.key, f"is to be purged already: {other}"))
        else:
            intended.append(one)
    sizes = {one.key: one.size_bytes for one in intended}
    run_id = work.terms.fence.run_id if work.terms.fence else None
    intents.intend(uow.connection, sizes, at=now, due_at=now + work.retention, run_id=run_id)
    return intended, items


def _forget_abandoned(uow: UnitOfWork, *, before: datetime) -> None:
    """What a real run has done by now: such an upload names its key no longer."""
    while old := uow.uploads.begun_before(before, after_id="", limit=1_000):
        uow.uploads.forget([upload.id for upload in old])


def _hidden_or_not(
    work: Hiding, intended: Sequence[UnreferencedObject]
) -> tuple[list[UnreferencedObject], list[Item]]:
    """Steps 2 to 5; answers what is hidden now, and what is not, with the reason."""
    left: dict[str, Item] = {}
    for start in range(0, len(intended), work.at_once):
        some = intended[start : start + work.at_once]
        left |= {
            one.key: _skipped(one.key, why) for one in some if (why := _changed_why(work, one))
        }
        keys = [one.key for one in some if one.key not in left]
        not_yet = [*left, *(one.key for one in intended[start:])]
        for failure in _hide(work, keys, not_yet):
            left[failure.key] = Item(failure.key, None, ItemOutcome.FAILED, failure.reason)
    hidden = [one.key for one in intended if one.key not in left]
    with work.database.reading() as connection:
        names = named(connection, hidden)
    for key, name in sorted(names.items()):
        work.terms.require_lease()
        work.store.unhide(key)
        left[key] = _skipped(key, f"is named by now: {name}")
    work.transact(lambda uow: _write_down(uow, work, intended, left))
    return [one for one in intended if one.key not in left], list(left.values())


def _changed_why(work: Hiding, one: UnreferencedObject) -> str | None:
    """Why the object is not the one that was listed; None when it is.

    A younger one under the same key may be an upload under way.
    """
    found = work.store.find(one.key)
    if found is None:
        return "is gone already"
    verdict = judge(one.key, found.modified_at, now=work.clock(), grace=work.grace)
    if verdict is not BucketMismatch.ORPHAN or found.size_bytes != one.size_bytes:
        return "was stored again since it was listed"
    return None


def _hide(work: Hiding, keys: Sequence[str], not_yet: Sequence[str]) -> list[KeyFailure]:
    """Hide these; when the store refuses, whatever is not hidden leaves the list."""
    work.terms.require_lease()
    try:
        return work.store.hide(keys)
    except Unavailable:  # who knows how far it came: the next run settles it
        raise
    except SavError:
        work.transact(lambda uow: intents.withdraw(uow.connection, not_yet))
        raise


def _write_down(
    uow: UnitOfWork, work: Hiding, intended: Sequence[UnreferencedObject], left: Mapping[str, Item]
) -> None:
    hidden = [one for one in intended if one.key not in left]
    intents.withdraw(uow.connection, list(left))
    work.note_hidden(uow, [one.key for one in hidden])
    if hidden:
        size = sum(one.size_bytes for one in hidden)
        details = {"objects": len(hidden), "bytes": size}
        uow.audit.note(work.audited_as, actor=None, at=work.clock(), details=details)


def _skipped(key: str, reason: str) -> Item:
    return Item(key, None, ItemOutcome.SKIPPED, reason)


def _changed(one: UnreferencedObject) -> Item:
    since = second_text(one.modified_at)
    return Item(
        one.key,
        None,
        ItemOutcome.CHANGED,
        f"no record names it; {one.size_bytes} bytes, since {since}",
    )
