"""The steps of a bundle: written, verified, rows deleted; and what a killed run left of them.

Each step is committed before the next begins and can be taken again. Rows are deleted only
while, under their locks, they are what was read back from cold storage; rows and index change in
one transaction, so a ticket is in exactly one place whenever anybody looks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from savctl.persistence import archive_bundles as bundles
from savctl.persistence import archive_index as index
from savctl.persistence.archive_bundles import Bundle, State
from savctl.persistence.candidates import number_of
from savctl.persistence.engine import Database
from savctl.persistence.foreign_rows import Reference, references
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.persistence.whole_rows import WholeTicket, read_whole
from savctl.persistence.whole_tables import Columns, columns_of
from savctl.ports import Clock
from savctl.usecases.archive.cold_storage import ColdStorage, Damaged
from savctl.usecases.archive.lines import digest_of, line_of, whole_of
from savctl.usecases.archive.moving import Kept, move
from savctl.usecases.archive.rewriting import Overtaken, purge_obsolete, rewrite
from savctl.usecases.batches import EVERYBODYS, Terms
from savctl.usecases.report import Item, Outcome

# So many tickets are read at once, fewer where conversations are long, and a bundle ends behind
# so many bytes: memory is bounded.
_READ_AT_ONCE, _READ_CAREFULLY = 500, 20
_LONG_BYTES = 8 * 1024 * 1024
BUNDLE_BYTES = 32 * 1024 * 1024


@dataclass(slots=True)
class _Packing:
    """What has been packed so far, and what could not be."""

    ids: list[int] = field(default_factory=list)
    over: list[int] = field(default_factory=list)
    bad: list[Item] = field(default_factory=list)
    wholes: dict[int, WholeTicket] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    raw_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Steps:
    """Takes bundles on, one committed step after the other."""

    database: Database
    clock: Clock
    cold: ColdStorage
    terms: Terms

    def tidy(self) -> None:
        """Finish what runs left behind, and write bundles anew that hold copies of tickets
        which live elsewhere: restored ones, and those that changed at the last moment."""
        for bundle in self._unfinished():
            if self.terms.should_stop():
                return
            self._finish(bundle)
        self.sweep()

    def sweep(self) -> None:
        """Remove obsolete bundles, those that were to replace one when their run was killed, and
        copies of tickets which live elsewhere, or nowhere."""
        for bundle in self._unfinished():
            if _is_void(bundle) and not self.terms.should_stop():
                self._finish(bundle)
        after_id = 0
        while not self.terms.should_stop():
            with self.database.reading() as connection:
                mixed = bundles.with_leftovers(connection, after_id=after_id)
            if mixed is None:
                return
            self._rewrite(mixed)
            after_id = mixed.id

    def advance(self, bundle: Bundle, planned: Sequence[int] | None = None) -> list[int]:
        """Take a bundle to its end; answers the planned tickets that found no room in it.

        `planned` saves a look where they are known. A damaged object is said, and written again
        by the next run; nothing was deleted.
        """
        packing = _Packing()
        if bundle.state is State.PLANNED:
            bundle = self._write(bundle, packing, planned)
        over = packing.over
        if bundle.state is State.OBSOLETE:
            purge_obsolete(self.database, self.cold, bundle, terms=self.terms)
            return over
        try:
            kept = self._verify(bundle, packing)
        except Damaged as problem:
            self._to(bundle, State.PLANNED)
            failed = Item(bundle.key, None, Outcome.FAILED, problem.message)
            self.terms.report.add([failed], seen=1)
            return over
        self._delete_rows(bundle, kept)
        return over

    def _unfinished(self) -> list[Bundle]:
        run_id = self.terms.fence.run_id if self.terms.fence else None
        with self.database.reading() as connection:
            return bundles.unfinished(connection, run_id=run_id)

    def _finish(self, bundle: Bundle) -> None:
        if _is_void(bundle):
            self._to(bundle, State.OBSOLETE)
            purge_obsolete(self.database, self.cold, bundle, terms=self.terms)
            return
        if bundle.state is State.PLANNED:
            self.cold.purge(bundle.key)  # what the killed run wrote, if anything
        self.advance(bundle)

    def _write(self, bundle: Bundle, packing: _Packing, planned: Sequence[int] | None) -> Bundle:
        with self.database.reading() as connection:
            columns = columns_of(connection)
            planned = planned or bundles.copies(connection, bundle.id)
        written = self.cold.write(bundle.key, self._packed(columns, planned, packing))
        self.cold.describe(
            bundle.key,
            written,
            at=self.clock(),
            tickets=len(packing.ids),
            messages=packing.counts["messages"],
            attachments=packing.counts["attachments"],
        )
        self.terms.report.add(packing.bad, seen=len(packing.bad))
        state = State.WRITTEN if packing.ids else State.OBSOLETE
        values: dict[str, Any] = {
            "sha256": written.sha256,
            "size_bytes": written.size_bytes,
            "raw_bytes": written.raw_bytes,
            "tickets": len(packing.ids),
            **packing.counts,
        }

        def work(uow: UnitOfWork) -> Bundle:
            bundles.change(uow.connection, bundle.id, state, written_at=self.clock(), **values)
            left_out = sorted(set(planned) - set(packing.ids))
            bundles.drop_copies(uow.connection, bundle.id, left_out)
            return bundles.get(uow.connection, bundle.id)

        return in_transaction(self.database, work, fence=self.terms.fence)

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
                packing.ids.append(ticket_id)
                packing.wholes[ticket_id] = whole
                packing.raw_bytes += len(line)
                packing.counts["messages"] += len(whole.messages)
                packing.counts["attachments"] += len(whole.attachments)
                yield line
            is_long = (packing.raw_bytes - before) * _READ_AT_ONCE > _LONG_BYTES * len(some)
            start, size = start + len(some), _READ_CAREFULLY if is_long else _READ_AT_ONCE

    def _lines_of(
        self, columns: Columns, ids: Sequence[int], packing: _Packing
    ) -> list[tuple[int, WholeTicket, bytes]]:
        """The lines of some tickets; one that cannot be read is named and left out."""
        try:
            with self.database.reading() as connection:
                found = read_whole(connection, columns, ids)
            return [(one, whole, line_of(whole)) for one, whole in found.items()]
        except EVERYBODYS:
            raise
        except Exception as problem:
            if len(ids) > 1:
                return [one for i in ids for one in self._lines_of(columns, [i], packing)]
            with self.database.reading() as connection:
                number = number_of(connection, ids[0])
            why = f"cannot be archived as it is: {problem}"
            packing.bad.append(Item(ids[0], number, Outcome.FAILED, why))
            return []

    def _verify(self, bundle: Bundle, sent: _Packing) -> list[Kept]:
        """Read the bundle back: its lines are the planned tickets', and the rows that were sent.

        Raises:
            Damaged: it is not what was written.
        """
        lines = list(self.cold.lines(bundle.key, sha256=bundle.sha256))
        kept = [Kept(whole_of(line), digest_of(line)) for line in lines]
        if [one.id for one in kept] != (sent.ids or self._inside(bundle)):
            raise Damaged(f"{bundle.key} does not hold the tickets that were written")
        for one in kept:
            row = sent.wholes.get(one.id)
            if row is not None and row != one.whole:
                raise Damaged(f"{bundle.key} does not hold ticket {one.id} as it was read")
            if row is not None and all(row.digests):  # of too large a row there is none
                one.whole.digests = row.digests
        if bundle.state is not State.VERIFIED:
            self._to(bundle, State.VERIFIED, verified_at=self.clock())
        return kept

    def _inside(self, bundle: Bundle) -> list[int]:
        """Of a bundle that another run wrote: what it is to hold, and what it holds already."""
        with self.database.reading() as connection:
            planned = bundles.copies(connection, bundle.id)
            return sorted({*planned, *index.ids_in(connection, bundle.id)})

    def _delete_rows(self, bundle: Bundle, kept: Sequence[Kept]) -> None:
        """Delete what is archived, a batch at a time, and end the bundle with the last."""
        with self.database.reading() as connection:
            foreign = references(connection)
        for start in range(0, len(kept), self.terms.size):
            some, is_last = kept[start : start + self.terms.size], start + self.terms.size
            items, mixed = in_transaction(
                self.database,
                partial(self._move, bundle, some, foreign, is_last=is_last >= len(kept)),
                fence=self.terms.fence,
            )
            self.terms.report.add(items, seen=len(some))
            if mixed is not None:
                self._rewrite(mixed)

    def _move(
        self,
        bundle: Bundle,
        kept: Sequence[Kept],
        foreign: Sequence[Reference],
        uow: UnitOfWork,
        *,
        is_last: bool,
    ) -> tuple[list[Item], Bundle | None]:
        items = move(uow, bundle, kept, foreign=foreign, at=self.clock())
        return items, self._end(uow, bundle) if is_last else None

    def _end(self, uow: UnitOfWork, bundle: Bundle) -> Bundle | None:
        """The bundle is done; answers it when it holds copies that have to go again."""
        bundles.change(uow.connection, bundle.id, State.DONE, done_at=self.clock())
        is_mixed = bundles.has_copies(uow.connection, bundle.id)
        return bundles.get(uow.connection, bundle.id) if is_mixed else None

    def _rewrite(self, mixed: Bundle) -> None:
        """Without the copies of tickets that live elsewhere; a failure is said, nothing lost."""
        try:
            rewrite(self.database, self.clock, self.cold, mixed, terms=self.terms)
        except (Damaged, Overtaken) as problem:
            failed = Item(mixed.key, None, Outcome.FAILED, problem.message)
            self.terms.report.add([failed], seen=1)

    def _to(self, bundle: Bundle, state: State, **values: Any) -> None:
        in_transaction(
            self.database,
            lambda uow: bundles.change(uow.connection, bundle.id, state, **values),
            fence=self.terms.fence,
        )


def _is_void(bundle: Bundle) -> bool:
    """Whether nothing in an unfinished bundle counts: it was replaced, or was to replace one
    that is still in force."""
    return bundle.state is State.OBSOLETE or bundle.replaces is not None
