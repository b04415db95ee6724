"""Seven years after their closing tickets go for good (rules 9.2, 9.5).

Hot and archived: rows, bundle lines, files with every version, and what savctl's own tables hold.
The database commits the intent to remove a file, attachment-purge carries it out. What stays is
the audit: ids, actions and reasons, and a note of the removal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from savctl.domain.age import Age
from savctl.domain.files.file_names import TEMP, TICKETS
from savctl.domain.model.ticket import Ticket
from savctl.domain.tickets.retention import is_over, kept_for_good
from savctl.persistence.archive import bundles, index
from savctl.persistence.archive.bundles import Bundle, State
from savctl.persistence.archive.candidates import Old
from savctl.persistence.archive.index import Archived
from savctl.persistence.archive.residual_rows import (
    delete_last_rows,
    delete_old_answers,
    files_to_purge,
)
from savctl.persistence.engine import Database, OpenConnection
from savctl.persistence.tickets.tickets import delete_tickets
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.ports import Clock
from savctl.usecases.archive.cold_storage import ColdStorage, Damaged
from savctl.usecases.archive.deletion_blockers import deletion_blockers
from savctl.usecases.archive.rewriting import Overtaken, rewrite
from savctl.usecases.archive.steps import Steps
from savctl.usecases.batch.batches import BatchContext, in_batches
from savctl.usecases.batch.report import Item, ItemOutcome
from savctl.usecases.batch.safety_limit import counted, stop

_IN_USE = "in use by another program or command at this moment; the next run looks again"


def remove_expired(
    database: Database,
    clock: Clock,
    cold: ColdStorage,
    *,
    after: Age,
    terms: BatchContext,
    brake: int | None = None,
) -> None:
    """Remove every ticket whose time is over, hot ones first; the unit is tickets.

    `brake` is the greatest number that may go without confirmation; None for no brake.

    Raises:
        NeedsConfirmation: more than `brake` are due; nothing was removed.
        Unavailable: database or cold storage went away, or the lease was lost; the next run
            goes on from there.
    """
    retention = _Retention(database, clock, cold, after, terms)
    if brake is not None:
        retention.require_few(brake)
    terms.announce(database, retention.count_due)
    stopped_at = retention.remove_hot()
    if stopped_at is None:
        retention.remove_archived()
    if terms.should_stop():
        terms.report.left = retention.count_left(stopped_at)
    elif not terms.dry_run:
        retention.remove_traces()


@dataclass(frozen=True, slots=True)
class _Retention:
    """One run over what is due, hot and archived."""

    database: Database
    clock: Clock
    cold: ColdStorage
    after: Age
    terms: BatchContext

    @property
    def due(self) -> Old:
        return Old(self.after.before(self.clock()), undated=False)

    def remove_hot(self) -> int | None:
        """Batch by batch; answers the last id done when it was stopped."""

        def work(uow: UnitOfWork, ids: Sequence[int]) -> list[Item]:
            return self._remove_hot(uow, ids, self.clock())

        return in_batches(self.database, self.due, work, terms=self.terms)

    def remove_archived(self) -> None:
        """Bundle by bundle: each is written anew without those that are due."""
        with self.database.reading() as connection:
            found = index.bundles_closed_by(connection, self.due.closed_by)
        for bundle_id in found:
            if self.terms.should_stop():
                return
            self._remove_from(bundle_id)
            self.terms.on_batch(self.terms.report)

    def remove_traces(self) -> None:
        """Copies that bundles still held of tickets restored once, and answers of then."""
        Steps(self.database, self.clock, self.cold, self.terms).sweep()
        before = self.due.closed_by
        in_transaction(
            self.database,
            lambda uow: delete_old_answers(uow.connection, before=before),
            fence=self.terms.fence,
        )

    def count_due(self, connection: OpenConnection) -> int:
        """How many there are, hot and archived."""
        return index.count_closed_by(connection, self.due.closed_by) + self.due.count(connection)

    def count_left(self, stopped_at: int | None) -> int:
        """How many a stopped run did not come to."""
        with self.database.reading() as connection:
            cold = index.count_closed_by(connection, self.due.closed_by)
            if stopped_at is None:
                return cold
            return cold + self.due.count(connection, after_id=stopped_at)

    def require_few(self, brake: int) -> None:
        """Pass when at most `brake` tickets are due."""
        found = counted(self._due_pages(), brake=brake)
        if found.exceeds(brake):
            stop(
                self.terms,
                f"retention would remove {found} tickets for good in one run, more than {brake:,}",
                undone="nothing was removed",
                hint="See them: savctl job run retention --dry-run. Remove them: savctl "
                "job run retention --yes. The limit is the setting retention_brake.",
                job="retention",
                limit=brake,
                due=found.number,
            )

    def _due_pages(self) -> Iterator[int]:
        """What is due in the archive, then page by page what is due of the rest."""
        with self.database.reading() as connection:
            yield index.count_closed_by(connection, self.due.closed_by)
        after_id, now = 0, self.clock()
        while not self.terms.should_stop():
            with self.database.reading() as connection:
                page = self.due.standings(connection, after_id=after_id, limit=self.terms.size)
            if not page:
                return
            judged = (kept_for_good(ticket, after=self.after, now=now) for ticket in page)
            yield sum(why is None for why in judged)
            after_id = page[-1].id

    def _remove_hot(self, uow: UnitOfWork, ids: Sequence[int], now: datetime) -> list[Item]:
        locked = uow.tickets.lock_many(ids, skip_locked=True)
        tied = deletion_blockers(uow, ids)
        items: list[Item] = []
        gone: list[Ticket] = []
        for ticket in locked:
            why = kept_for_good(ticket, after=self.after, now=now)
            if why is None:
                why = tied.get(ticket.id)
            if why is None:
                gone.append(ticket)
            elif why:
                items.append(Item(ticket.id, ticket.ticket_number, ItemOutcome.SKIPPED, why))
        uow.tickets.keep_others_out([ticket.id for ticket in gone])
        left = _forget(uow, [ticket.id for ticket in gone], now)
        items += [
            _removed(one.id, one.ticket_number, one.closed_at, left.get(one.id)) for one in gone
        ]
        delete_tickets(uow.connection, [ticket.id for ticket in gone])
        busy = uow.tickets.numbers_of(sorted(set(ids) - {ticket.id for ticket in locked}))
        return items + [
            Item(i, number, ItemOutcome.SKIPPED, _IN_USE) for i, number in busy.items()
        ]

    def _remove_from(self, bundle_id: int) -> None:
        now = self.clock()
        with self.database.reading() as connection:
            bundle = bundles.find(connection, bundle_id)
            inside = index.of_bundle(connection, bundle_id)
        over = {
            one: row
            for one, row in inside.items()
            if is_over(row.closed_at, after=self.after, now=now)
        }
        if bundle is None or bundle.state is not State.DONE or not over:
            return  # it is being filled, or another run wrote it anew; the next run looks again
        gone, left = (list(over.values()), dict[int, str]())
        if not self.terms.dry_run:
            gone, left = self._rewritten(bundle, over, now)
        items = [
            _removed(row.ticket_id, row.ticket_number, row.closed_at, left.get(row.ticket_id))
            for row in gone
        ]
        self.terms.report.add(items, seen=len(items))

    def _rewritten(
        self, bundle: Bundle, over: dict[int, Archived], now: datetime
    ) -> tuple[list[Archived], dict[int, str]]:
        """What went, and files that were left alone."""
        left: dict[int, str] = {}

        def also(uow: UnitOfWork, dropped: Sequence[Archived]) -> None:
            left.update(_forget(uow, [row.ticket_id for row in dropped], now))

        try:
            gone = rewrite(
                self.database,
                self.clock,
                self.cold,
                bundle,
                terms=self.terms,
                dropping=frozenset(over),
                also=also,
            )
        except (Damaged, Overtaken) as problem:
            what = f"it {problem.what}" if isinstance(problem, Damaged) else problem.message
            why = f"it holds due tickets ({len(over)}): {what}"
            failed = Item(bundle.key, None, ItemOutcome.FAILED, why)
            self.terms.report.add([failed], seen=1)
            return [], {}
        return gone, left


def _removed(ticket_id: int, number: str, closed_at: datetime | None, left: str | None) -> Item:
    detail = f"closed {closed_at:%Y-%m-%d}"
    if left is not None:
        detail += f"; its object {left!r} is not where files of tickets are: left alone"
    return Item(ticket_id, number, ItemOutcome.CHANGED, detail, always_listed=left is not None)


def _forget(uow: UnitOfWork, ticket_ids: Sequence[int], now: datetime) -> dict[int, str]:
    """In the transaction in which tickets go: the intent for their files, own rows, the proof.

    Another program's record may name any object, a bundle of the archive too: those elsewhere
    are left alone. Answers one for each such ticket.
    """
    if not ticket_ids:
        return {}
    found = files_to_purge(uow.connection, ticket_ids, at=now)
    doomed = [one for one in found if one.key.startswith((TICKETS, TEMP))]
    uow.purges.want(doomed, at=now)
    delete_last_rows(uow.connection, ticket_ids)
    details = {"tickets": len(ticket_ids), "files": len(doomed), "ids": list(ticket_ids)}
    uow.audit.note("retention", actor=None, at=now, details=details)
    return {
        one.ticket_id: one.key
        for one in found
        if one.ticket_id is not None and not one.key.startswith((TICKETS, TEMP))
    }
