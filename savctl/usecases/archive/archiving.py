"""Old closed tickets move into bundles in cold storage (rules 9.1, 9.5).

A bundle goes from planned over written and verified to done (`archive_steps`). What goes into
one is decided here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from savctl.domain.age import Age
from savctl.domain.tickets.retention import kept_hot
from savctl.persistence.archive import bundles, index
from savctl.persistence.archive.bundles import Bundle
from savctl.persistence.archive.candidates import ArchiveCandidate, Old, unpurged
from savctl.persistence.engine import Database
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.ports import Clock
from savctl.usecases.archive.cold_storage import ColdStorage
from savctl.usecases.archive.deletion_blockers import deletion_blockers
from savctl.usecases.archive.steps import Steps
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import Item, ItemOutcome
from savctl.usecases.batch.safety_limit import counted, stop

BUNDLE_TICKETS = 2_000
_LOOKED_FOR = 5  # bundles


def archive_tickets(
    database: Database,
    clock: Clock,
    cold: ColdStorage,
    *,
    after: Age,
    terms: BatchContext,
    brake: int | None = None,
    bundle_tickets: int = BUNDLE_TICKETS,
) -> None:
    """Archive every ticket closed long enough ago; finish first what a run left behind.

    `brake` is the greatest number that may go without confirmation; None for no brake.

    Raises:
        NeedsConfirmation: more than `brake` are due, or cold storage looks like another place
            than before; nothing was done.
        Unavailable: database or cold storage went away, or the lease was lost; the next run
            goes on from there.
    """
    now = clock()
    due = Old(after.before(now))
    if brake is not None:
        _require_known_place(database, cold, terms)
        _require_few(database, due, after, now, terms, brake)
    steps = Steps(database, clock, cold, terms)
    if not terms.dry_run:
        steps.tidy()
    terms.announce(database, due.count)
    after_id: int | None = 0
    while after_id is not None and not terms.should_stop():
        with database.reading() as connection:
            page = due.standings(connection, after_id=after_id, limit=bundle_tickets)
        after_id = _archive_page(database, clock, steps, page, after, terms) if page else None
        terms.on_batch(terms.report)
    if after_id is not None:
        with database.reading() as connection:
            terms.report.left = due.count(connection, after_id=after_id)


def _archive_page(
    database: Database,
    clock: Clock,
    steps: Steps,
    page: Sequence[ArchiveCandidate],
    after: Age,
    terms: BatchContext,
) -> int:
    """Make one bundle of these tickets; answers the last id that was dealt with."""

    def work(uow: UnitOfWork) -> tuple[list[ArchiveCandidate], list[Item], Bundle | None]:
        fit, items = _judged(uow, page, after, clock())
        if not fit or terms.dry_run:
            return fit, items, None
        named = [ticket.id for ticket in fit]
        run_id = terms.fence.run_id if terms.fence else None
        key = steps.cold.new_key(clock())
        return fit, items, bundles.plan(uow.connection, key, named, at=clock(), run_id=run_id)

    fit, items, bundle = in_transaction(database, work, dry_run=terms.dry_run, fence=terms.fence)
    if terms.dry_run:
        bad = {item.id: item for item in steps.rehearse([ticket.id for ticket in fit])}
        items += [
            bad.get(t.id)
            or Item(t.id, t.number, ItemOutcome.CHANGED, f"closed {t.closed_at:%Y-%m-%d}")
            for t in fit
        ]
    over = [] if bundle is None else steps.advance(bundle, [ticket.id for ticket in fit])
    last = min(over) - 1 if over else page[-1].id  # who is behind it comes with the next page
    reported = [item for item in items if int(item.id) <= last]
    chosen = 0 if bundle is None else sum(ticket.id <= last for ticket in fit)
    terms.report.add(reported, seen=sum(ticket.id <= last for ticket in page) - chosen)
    return last


def _judged(
    uow: UnitOfWork, page: Sequence[ArchiveCandidate], after: Age, now: datetime
) -> tuple[list[ArchiveCandidate], list[Item]]:
    """The tickets that may go, and why the others may not; nothing is locked yet."""
    ids = [ticket.id for ticket in page]
    deleted = unpurged(uow.connection, ids)
    tied = deletion_blockers(uow, ids)
    twice = index.came_back(uow.connection, ids)
    fit, items = [], []
    for ticket in page:
        why = kept_hot(ticket, after=after, now=now)
        if why is None and ticket.id in deleted:
            why = "a deleted file still waits for its purge: savctl job run attachment-purge"
        if why is None and ticket.id in twice:
            why = (
                "archived already, and here again: compare 'savctl archive show' and 'ticket show'"
            )
        if why is None:
            why = tied.get(ticket.id)
        if why is None:
            fit.append(ticket)
        elif why:
            items.append(Item(ticket.id, ticket.number, ItemOutcome.SKIPPED, why))
    return fit, items


def _require_known_place(database: Database, cold: ColdStorage, terms: BatchContext) -> None:
    """Pass when cold storage has any of the newest bundles, or there is none: behind a mount
    that is missing lies a folder that takes bundles, too."""
    with database.reading() as connection:
        keys = bundles.newest(connection, limit=_LOOKED_FOR)
    if keys and not any(map(cold.has, keys)):
        stop(
            terms,
            f"{cold.name} has none of the newest bundles ({len(keys)})",
            undone="nothing was archived",
            hint="Is that where the archive is (SAVCTL_ARCHIVE_URL), and is it mounted? savctl "
            "archive verify looks at all of it; savctl archive run --yes archives there anyway.",
            job="archive",
        )


def _require_few(
    database: Database, due: Old, after: Age, now: datetime, terms: BatchContext, brake: int
) -> None:
    """Pass when at most `brake` tickets are due."""
    with database.reading() as connection:
        if due.count(connection, up_to=brake + 1) <= brake:
            return
    found = counted(_due_pages(database, due, after, now, terms), brake=brake)
    if found.exceeds(brake):
        stop(
            terms,
            f"archive would move {found} tickets in one run, more than {brake:,}",
            undone="nothing was moved",
            hint="See them: savctl archive run --dry-run. Move them: savctl archive "
            "run --yes. The limit is the setting archive_brake.",
            job="archive",
            limit=brake,
            due=found.number,
        )


def _due_pages(
    database: Database, due: Old, after: Age, now: datetime, terms: BatchContext
) -> Iterator[int]:
    after_id = 0
    while not terms.should_stop():
        with database.reading() as connection:
            page = due.standings(connection, after_id=after_id, limit=terms.size)
        if not page:
            return
        yield sum(kept_hot(ticket, after=after, now=now) is None for ticket in page)
        after_id = page[-1].id
