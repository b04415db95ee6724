"""Batches: bounded transactions, the bad item found and left out, a clean stop (rules 10.2, 10.5).

A batch is one transaction. When it fails, the same batch is done again item by item, so that
one bad row costs itself and nothing else. What concerns every item alike — the database gone,
the lease lost, a missing privilege — passes through: going on would only fail again. A batch that
is refused twice in conflict with other writers is done again in halves (rules 19.4).
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from savctl.errors import (
    ConfigurationError,
    NotPermitted,
    SavError,
    SchemaMismatch,
    Unavailable,
)
from savctl.persistence.engine import Database, OpenConnection
from savctl.persistence.jobs.run_counts import RunCounts
from savctl.persistence.server_errors import WriteConflict
from savctl.persistence.tickets.candidates import NumberOf, Pages, number_of
from savctl.persistence.tickets.candidates import number_of as number_of_ticket
from savctl.persistence.unit_of_work import Fence, UnitOfWork, in_transaction
from savctl.usecases.batch.report import BatchReport, Item, ItemOutcome

_log = logging.getLogger("savctl.jobs")
_BEFORE_HALVING = 2  # conflicts with other writers
BATCH_FATAL = (Unavailable, NotPermitted, ConfigurationError, SchemaMismatch)

Work = Callable[[UnitOfWork, Sequence[int]], list[Item]]


def never_stop() -> bool:
    """Nobody asks to stop."""
    return False


def no_progress(_: BatchReport) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchContext:
    """Under which terms batches are done.

    `size` is in items; `should_stop` is asked between batches, `on_batch` is called after each; a
    `fence` must be passed by every commit of a job; `report` is added to as batches are
    committed, so that it has what was done even when an error ends the work; `counts` stores
    its counts with each batch, so that they outlive the process. `on_total` gets the number of
    items beforehand; None where nobody watches, as counting takes its time.
    """

    report: BatchReport
    size: int = 1_000
    dry_run: bool = False
    fence: Fence | None = None
    should_stop: Callable[[], bool] = never_stop
    on_batch: Callable[[BatchReport], None] = no_progress
    on_total: Callable[[int], None] | None = None
    counts: RunCounts | None = None

    def announce(self, database: Database, count: Callable[[OpenConnection], int]) -> None:
        """Count the items and name the number, if somebody watches."""
        if self.on_total is not None:
            with database.reading() as connection:
                self.on_total(count(connection))

    def require_lease(self) -> None:
        """Pass while this run may act: asked before each step that no commit's fence guards.

        Raises:
            LeaseLost: another host holds the job, or may do so soon.
        """
        if self.fence is not None:
            self.fence.require_held()


def in_batches(
    database: Database,
    pages: Pages,
    work: Work,
    *,
    terms: BatchContext,
    number_of: NumberOf = number_of,
) -> int | None:
    """Do `work` for all ids there are, batch by batch.

    `number_of` answers the ticket number to an id, for what failed: ids may be of other things.

    Each batch goes on behind the last id of the one before, so that an item that cannot be
    done cannot hold the loop. Answers None at the end; after a stop, the last id done.

    Raises:
        Unavailable: the database went away, or the lease was lost; committed batches stay.
    """
    after_id = 0
    while not terms.should_stop():
        with database.reading() as connection:
            ids = pages.page(connection, after_id=after_id, limit=terms.size)
        if not ids:
            return None
        after_id = _batch(database, work, ids, terms, number_of)
        # Each transaction leaves some reference cycles behind, its rows in them. The command line
        # collects garbage rarely, so a million tickets would pile up 80 MB of it.
        gc.collect(0)
        terms.on_batch(terms.report)
    return after_id


def _batch(
    database: Database, work: Work, ids: Sequence[int], terms: BatchContext, number_of: NumberOf
) -> int:
    try:
        items = _do(
            database, work, ids, terms, conflicts=_BEFORE_HALVING if len(ids) > 1 else None
        )
    except WriteConflict:
        if len(ids) == 1:
            raise
        return _in_halves(database, work, ids, terms, number_of)
    except BATCH_FATAL:
        raise
    except Exception as problem:  # whatever it is, it is found below and named
        _log.warning(
            "A batch failed and is done again one by one.",
            extra={"event": "batch_failed", "size": len(ids), "problem": _kind(problem)},
        )
        return _one_by_one(database, work, ids, terms, number_of)
    _add(terms, items, seen=len(ids))
    return ids[-1]


def _in_halves(
    database: Database, work: Work, ids: Sequence[int], terms: BatchContext, number_of: NumberOf
) -> int:
    """A smaller transaction is shorter and touches fewer rows that others change."""
    middle = len(ids) // 2
    last_id = _batch(database, work, ids[:middle], terms, number_of)
    if last_id != ids[middle - 1] or terms.should_stop():
        return last_id
    return _batch(database, work, ids[middle:], terms, number_of)


def _one_by_one(
    database: Database, work: Work, ids: Sequence[int], terms: BatchContext, number_of: NumberOf
) -> int:
    for done, item_id in enumerate(ids):
        if done and terms.should_stop():
            return ids[done - 1]
        try:
            _add(terms, _do(database, work, [item_id], terms), seen=1)
        except BATCH_FATAL:
            raise
        except Exception as problem:
            with database.reading() as connection:
                number = number_of(connection, item_id)
            is_ticket = number_of is number_of_ticket
            terms.report.add([_failed(item_id, number, problem, is_ticket=is_ticket)], seen=1)
    return ids[-1]


def _do(
    database: Database,
    work: Work,
    ids: Sequence[int],
    terms: BatchContext,
    *,
    conflicts: int | None = None,
) -> list[Item]:
    def counted(uow: UnitOfWork) -> list[Item]:
        items = work(uow, ids)
        if terms.counts is not None:
            counts = terms.report.counts_with(items, seen=len(ids))
            terms.counts.write(uow.connection, counts)
        return items

    return in_transaction(
        database, counted, dry_run=terms.dry_run, fence=terms.fence, conflicts=conflicts
    )


def _add(terms: BatchContext, items: Sequence[Item], *, seen: int) -> None:
    """Count a batch that was committed, and its counts with it."""
    terms.report.add(items, seen=seen)
    if terms.counts is not None:
        terms.counts.settle(terms.report.counts())


def _failed(item_id: int, number: str | None, problem: Exception, *, is_ticket: bool) -> Item:
    """The fence around one item: logged, named, counted."""
    _log.error(
        "%s failed and is left out: %s",
        number or item_id,
        _kind(problem),
        extra={
            "event": "item_failed",
            "item_id": item_id,
            "ticket_id": item_id if is_ticket else None,
            "ticket_number": number,
        },
        exc_info=None if isinstance(problem, SavError) else problem,
    )
    return Item(item_id, number, ItemOutcome.FAILED, _named(problem))


def _kind(problem: Exception) -> str:
    """What the log has of it: another failure's text may repeat what the database holds."""
    return problem.message if isinstance(problem, SavError) else type(problem).__name__


def _named(problem: Exception) -> str:
    if isinstance(problem, SavError):
        return problem.message
    return f"{type(problem).__name__}: {problem}"
