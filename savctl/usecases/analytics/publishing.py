"""`analytics-export`: the month before, and every month whose figures changed since (rules 15.4).

What was exported is known from the files alone: the newest file of a month is compared with what
its figures are now. Other figures are written beside it as the next revision; no file is changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from savctl.domain.analytics.cells import Cells
from savctl.domain.analytics.months import Month
from savctl.domain.analytics.table import month_rows
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.usecases.analytics.exporting import audit_facts
from savctl.usecases.analytics.lines import SCHEMA_SUFFIX, content, schema_content
from savctl.usecases.analytics.places import AnalyticsPlace, file_name, revisions
from savctl.usecases.analytics.reading import Reading, Source, read_cells
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import Item, ItemOutcome

# Tickets are read once for so many: the cells of all their days are in memory at a time.
MONTHS_AT_ONCE = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Publishing:
    """Where months are published, in which form, and how many months back they are compared."""

    place: AnalyticsPlace
    form: str
    smallest: int
    months: int


def publish_analytics(source: Source, how: Publishing, terms: BatchContext) -> None:
    """Publish the month before, those missing since the first one, and what has changed.

    Raises:
        Unavailable: a place went away, tickets were archived meanwhile, or the lease was lost;
            what is published stays, the next run does the rest.
    """
    known = revisions(how.place, how.form)
    wanted = list(_months(source, how, known))

    terms.report.details = {"tickets": 0, "place": how.place.name}
    read = Reading()
    for start in range(0, len(wanted), MONTHS_AT_ONCE):
        months = wanted[start : start + MONTHS_AT_ONCE]
        done = _publish_months(source, how, terms, months, known, read)
        if done < len(months):
            terms.report.left = len(wanted) - start - done
            return


def _publish_months(
    source: Source,
    how: Publishing,
    terms: BatchContext,
    months: Sequence[Month],
    known: Mapping[Month, int],
    read: Reading,
) -> int:
    """Read the tickets of some months once and publish each; answers how many were published.

    What was read is added to `read`: a ticket that lived longer counts in each pass.
    """

    def on_page(reading: Reading) -> None:
        tickets = read.tickets + reading.tickets
        terms.report.details = {**terms.report.details, "tickets": tickets}
        terms.on_batch(terms.report)

    cells, reading = read_cells(
        source, months[0], months[-1], on_page=on_page, should_stop=terms.should_stop
    )
    read.tickets += reading.tickets
    read.partial += reading.partial
    terms.report.details |= {"contradicting": read.partial}
    for done, month in enumerate(months):
        if reading.is_stopped or terms.should_stop():
            return done
        _publish(source, how, terms, cells, month, known.get(month, 0))
        terms.on_batch(terms.report)
    return len(months)


def _months(source: Source, how: Publishing, known: Mapping[Month, int]) -> Iterator[Month]:
    """From the first one that is published, of the last so many, until the month before."""
    last = Month.of(source.now).plus(-1)
    oldest = last.plus(1 - how.months)
    month = min((month for month in known if oldest <= month <= last), default=last)
    while month <= last:
        yield month
        month = month.plus(1)


def _publish(
    source: Source,
    how: Publishing,
    terms: BatchContext,
    cells: Cells,
    month: Month,
    revision: int,
) -> None:
    rows, shown = month_rows(cells, month, smallest=how.smallest)
    written = content(rows, how.form)
    before = file_name(month, revision, how.form) if revision else None
    if before is not None and how.place.read(before) == written:
        terms.report.count(seen=1, changed=0)
        return
    name = file_name(month, revision + 1, how.form)
    digest = hashlib.sha256(written).hexdigest()
    facts = audit_facts(month, shown, how.form, len(written), digest)

    def work(uow: UnitOfWork) -> None:
        uow.audit.note("export", actor=None, at=source.now, details={**facts, "file": name})

    in_transaction(source.database, work, dry_run=terms.dry_run, fence=terms.fence)
    if not terms.dry_run:
        terms.require_lease()
        how.place.write(f"{name}{SCHEMA_SUFFIX}", schema_content(), overwrite=True)
        how.place.write(name, written)
    why = f"{len(shown.cells)} rows" if before is None else f"other figures than {before}"
    item = Item(name, None, ItemOutcome.CHANGED, why, always_listed=before is not None)
    terms.report.add([item], seen=1)
