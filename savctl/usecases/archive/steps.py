"""The steps of a bundle: written, verified, rows deleted; and what a killed run left of them.

Each step is committed before the next begins and can be taken again. Rows are deleted only
while, under their locks, they are what was read back from cold storage; rows and index change in
one transaction, so a ticket is in exactly one place whenever anybody looks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

from savctl.persistence.archive import bundles, index
from savctl.persistence.archive.bundles import Bundle, State
from savctl.persistence.archive.inbound_references import Reference, references
from savctl.persistence.archive.snapshot_columns import Columns, columns_of
from savctl.persistence.archive.ticket_snapshot import TicketSnapshot, read_whole
from savctl.persistence.engine import Database
from savctl.persistence.jobs.lease import LeaseLost
from savctl.persistence.tickets.candidates import number_of
from savctl.persistence.unit_of_work import Fence, UnitOfWork, in_transaction
from savctl.ports import Clock
from savctl.usecases.archive.cold_storage import ColdStorage, Damaged
from savctl.usecases.archive.lines import digest_of, line_of, whole_of
from savctl.usecases.archive.moving import Kept, move
from savctl.usecases.archive.proof import require_restorable
from savctl.usecases.archive.rewriting import Overtaken, purge_obsolete, rewrite, withdraw
from savctl.usecases.batch.batches import BATCH_FATAL, BatchContext
from savctl.usecases.batch.report import Item, ItemOutcome

# So many tickets are read at once, fewer where conversations are long, and a bundle ends behind
# so many bytes: memory is bounded.
_READ_AT_ONCE, _READ_CAREFULLY = 500, 20
_LONG_BYTES = 8 * 1024 * 1024
BUNDLE_BYTES = 32 * 1024 * 1024


@dataclass(slots=True)
class _Packing:
    """What has been packed so far, and what could not be."""

    kept: list[Kept] = field(default_factory=list)
    over: list[int] = field(default_factory=list)
    bad: list[Item] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    raw_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Steps:
    """Takes bundles on, one committed step after the other."""

    database: Database
    clock: Clock
    cold: ColdStorage
    terms: BatchContext

    @property
    def _fence(self) -> Fence | None:
        return self.terms.fence

    def tidy(self) -> None:
        """Finish what runs left behind, and write bundles anew that hold copies of tickets
        which live elsewhere: restored ones, and those that changed at the last moment."""
        self.sweep()
        for bundle in self._unfinished():
            if not _is_void(bundle) and not self.terms.should_stop():
                self._finish(bundle, ())

    def sweep(self) -> None:
        """Remove bundles in which nothing counts, and copies of tickets which live elsewhere, or
        nowhere."""
        self.drop_void()
        after_id = 0
        while not self.terms.should_stop():
            with self.database.reading() as connection:
                mixed = bundles.with_leftovers(connection, after_id=after_id)
            if mixed is None:
                return
            self._rewrite(mixed)
            after_id = mixed.id

    def drop_void(self) -> None:
        """Remove bundles in which nothing counts, those of runs that are alive left out."""
        for bundle in self._unfinished():
            if _is_void(bundle) and not self.terms.should_stop():
                self._to(bundle, State.OBSOLETE)
                purge_obsolete(self.database, self.cold, bundle, terms=self.terms)

    def advance(self, bundle: Bundle, planned: Sequence[int]) -> list[int]:
        """Take a planned bundle to its end; answers the tickets that found no room in it."""
        packing = _Packing()
        try:
            bundle = self._write(bundle, packing, planned)
        except LeaseLost:
            withdraw(self.database, self.cold, bundle)
            raise
        if bundle.state is State.OBSOLETE:
            purge_obsolete(self.database, self.cold, bundle, terms=self.terms)
        else:
            self._finish(bundle, packing.kept)
        return packing.over

    def _finish(self, bundle: Bundle, sent: Sequence[Kept]) -> None:
        """Verify a written bundle and delete its rows; report a damaged one and delete none."""
        try:
            kept = self._verify(bundle, sent)
        except Damaged as problem:
            self._set_aside(bundle, problem)
        else:
            self._delete_rows(bundle, kept)

    def _set_aside(self, bundle: Bundle, problem: Damaged) -> None:
        """A damaged bundle goes, and its tickets into another one. Unless rows were deleted for
        it: then it is the only place that those have, and stays until it can be read again."""

        def work(uow: UnitOfWork) -> None:
            if not index.ids_in(uow.connection, bundle.id):
                bundles.change(uow.connection, bundle.id, State.OBSOLETE)

        in_transaction(self.database, work, fence=self._fence)
        failed = Item(bundle.key, None, ItemOutcome.FAILED, problem.what)
        self.terms.report.add([failed], seen=1)

    def _unfinished(self) -> list[Bundle]:
        run_id = self.terms.fence.run_id if self.terms.fence else None
        with self.database.reading() as connection:
            return bundles.unfinished(connection, run_id=run_id)

    def _write(self, bundle: Bundle, packing: _Packing, planned: Sequence[int]) -> Bundle:
        with self.database.reading() as connection:
            columns = columns_of(connection)
        lines = self._packed(columns, planned, packing)
        written = self.cold.write(bundle.key, lines, ask=self.terms.require_lease)
        self.terms.require_lease()
        self.cold.describe(
            bundle.key,
            written,
            at=self.clock(),
            tickets=len(packing.kept),
            messages=packing.counts["messages"],
            attachments=packing.counts["attachments"],
        )
        self.terms.report.add(packing.bad, seen=len(packing.bad))
        state = State.WRITTEN if packing.kept else State.OBSOLETE
        values: dict[str, Any] = {
            "sha256": written.sha256,
            "size_bytes": written.size_bytes,
            "raw_bytes": written.raw_bytes,
            "tickets": len(packing.kept),
            **packing.counts,
        }

        def work(uow: UnitOfWork) -> None:
            bundles.change(uow.connection, bundle.id, state, written_at=self.clock(), **values)
            left_out = sorted(set(planned) - {one.id for one in packing.kept})
            bundles.drop_copies(uow.connection, bundle.id, left_out)

        in_transaction(self.database, work, fence=self._fence)
        return replace(bundle, state=state, **values)

    def _packed(
        self, columns: Columns, planned: Sequence[int], packing: _Packing
    ) -> Iterator[bytes]:
        """The lines of the planned tickets, until the bundle is full."""
        start, size = 0, _READ_CAREFULLY
        while start < len(planned):
            if packing.raw_bytes >= BUNDLE_BYTES:
                packing.over += planned[start:]
                return
            some, before = planned[start : start + size], packing.raw_bytes
            for ticket_id, whole, line in self._lines_of(columns, some, packing):
                packing.kept.append(Kept(ticket_id, whole, digest_of(line)))
                packing.raw_bytes += len(line)
                packing.counts["messages"] += len(whole.messages)
                packing.counts["attachments"] += len(whole.attachments)
                yield line
            is_long = (packing.raw_bytes - before) * _READ_AT_ONCE > _LONG_BYTES * len(some)
            start, size = start + len(some), _READ_CAREFULLY if is_long else _READ_AT_ONCE

    def _lines_of(
        self, columns: Columns, ids: Sequence[int], packing: _Packing
    ) -> list[tuple[int, TicketSnapshot, bytes]]:
        """The lines of some tickets; one that could not be brought back is named and left out."""
        try:
            return self._lines_read(columns, ids)
        except BATCH_FATAL:
            raise
        except Exception as problem:
            if len(ids) > 1:
                return [one for i in ids for one in self._lines_of(columns, [i], packing)]
            with self.database.reading() as connection:
                number = number_of(connection, ids[0])
            packing.bad.append(_failed(ids[0], number, problem))
            return []

    def _lines_read(
        self, columns: Columns, ids: Sequence[int]
    ) -> list[tuple[int, TicketSnapshot, bytes]]:
        with self.database.reading() as connection:
            found = read_whole(connection, columns, ids)
        lines = [(one, whole, line_of(whole)) for one, whole in found.items()]
        require_restorable(self.database, columns, [(w, line) for _, w, line in lines])
        return lines

    def rehearse(self, planned: Sequence[int]) -> list[Item]:
        """The tickets that a real run would leave where they are, because they could not be
        brought back; nothing is stored."""
        packing = _Packing()
        with self.database.reading() as connection:
            columns = columns_of(connection)
        for start in range(0, len(planned), _READ_CAREFULLY):
            self._lines_of(columns, planned[start : start + _READ_CAREFULLY], packing)
        return packing.bad

    def _verify(self, bundle: Bundle, sent: Sequence[Kept]) -> Sequence[Kept]:
        """Read the bundle back: its lines are those that were sent, or, where another run wrote
        it, the planned tickets'.

        Raises:
            Damaged: it is not what was written.
        """
        lines = list(self.cold.lines(bundle.key, raw_bytes=bundle.raw_bytes, sha256=bundle.sha256))
        if sent:
            kept = sent
            is_right = [digest_of(line) for line in lines] == [one.line_sha256 for one in sent]
        else:
            kept = [_kept(line) for line in lines]
            is_right = [one.id for one in kept] == self._inside(bundle)
        if not is_right:
            raise Damaged(bundle.key, "does not hold the tickets that were written")
        if bundle.state is not State.VERIFIED:
            self._to(bundle, State.VERIFIED, verified_at=self.clock())
        return kept

    def _inside(self, bundle: Bundle) -> list[int]:
        """Of a bundle that another run wrote: what it is to hold, and what it holds already."""
        with self.database.reading() as connection:
            planned = bundles.copies(connection, bundle.id)
            return sorted({*planned, *index.ids_in(connection, bundle.id)})

    def _delete_rows(self, bundle: Bundle, kept: Sequence[Kept]) -> None:
        """Delete what is archived, a batch at a time, and end the bundle."""
        with self.database.reading() as connection:
            foreign = references(connection)
        for start in range(0, len(kept), self.terms.size):
            self._delete_some(bundle, kept[start : start + self.terms.size], foreign)
        if in_transaction(self.database, partial(_end, bundle, self.clock()), fence=self._fence):
            self._rewrite(bundle)

    def _delete_some(
        self, bundle: Bundle, some: Sequence[Kept], foreign: Sequence[Reference]
    ) -> None:
        """One transaction; where it fails, ticket by ticket: a bad one costs itself alone."""
        try:
            items = in_transaction(
                self.database,
                lambda uow: move(uow, bundle, some, foreign=foreign, at=self.clock()),
                fence=self._fence,
            )
        except BATCH_FATAL:
            raise
        except Exception as problem:
            if len(some) > 1:
                for one in some:
                    self._delete_some(bundle, [one], foreign)
                return
            items = [_failed(some[0].id, some[0].whole.ticket["ticket_number"], problem)]
        self.terms.report.add(items, seen=len(some))

    def _rewrite(self, mixed: Bundle) -> None:
        """Write without copies of tickets that live elsewhere; report a failure, lose nothing."""
        try:
            rewrite(self.database, self.clock, self.cold, mixed, terms=self.terms)
        except (Damaged, Overtaken) as problem:
            what = problem.what if isinstance(problem, Damaged) else problem.message
            failed = Item(mixed.key, None, ItemOutcome.FAILED, what)
            self.terms.report.add([failed], seen=1)

    def _to(self, bundle: Bundle, state: State, **values: Any) -> None:
        in_transaction(
            self.database,
            lambda uow: bundles.change(uow.connection, bundle.id, state, **values),
            fence=self._fence,
        )


def _kept(line: bytes) -> Kept:
    whole = whole_of(line)
    return Kept(int(whole.ticket["id"]), whole, digest_of(line))


def _is_void(bundle: Bundle) -> bool:
    """Whether nothing in an unfinished bundle counts: it was replaced, was to replace one that
    is still in force, or its run died before it was whole.

    The last one's tickets go into a new bundle. Under the same key, a run that was only paused
    could write over what is archived by then.
    """
    return bundle.state in {State.PLANNED, State.OBSOLETE} or bundle.replaces is not None


def _end(bundle: Bundle, at: datetime, uow: UnitOfWork) -> bool:
    """The bundle is done; whether it holds copies that have to go again."""
    bundles.change(uow.connection, bundle.id, State.DONE, done_at=at)
    return bundles.has_copies(uow.connection, bundle.id)


def _failed(ticket_id: int, number: str | None, problem: Exception) -> Item:
    why = f"cannot be archived as it is: {problem}"
    return Item(ticket_id, number, ItemOutcome.FAILED, why)
