"""All tickets that lived in a span of months, read once and added up (rules 15.4).

The database is read a page at a time, then the archive a bundle at a time.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from savctl.domain.analytics.cells import CellGroup, Cells
from savctl.domain.analytics.figures import ticket_figures
from savctl.domain.analytics.months import Month
from savctl.domain.model.ticket import Ticket
from savctl.domain.sla.clock import clock
from savctl.domain.sla.policy import Policies
from savctl.domain.sla.targets import ClockSource
from savctl.persistence.archive import index
from savctl.persistence.engine import Database
from savctl.persistence.sla.report_reads import LivedUntil
from savctl.usecases.archive.archived_tickets import ArchivedTickets, moved
from savctl.usecases.archive.cold_storage import ColdStorage
from savctl.usecases.batch.batches import never_stop
from savctl.usecases.reports.sla_report import ReportSpan, ticket_pages


@dataclass(slots=True, kw_only=True)
class Reading:
    """What was read: tickets, and those of them whose history contradicts its row."""

    tickets: int = 0
    partial: int = 0
    is_stopped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the tickets are, and by which promises they are measured."""

    database: Database
    cold: Callable[[], ColdStorage]
    policies: Policies
    now: datetime


def read_cells(
    source: Source,
    first: Month,
    last: Month,
    *,
    on_page: Callable[[Reading], None] = lambda _: None,
    should_stop: Callable[[], bool] = never_stop,
) -> tuple[Cells, Reading]:
    """The figures of every day from one month to another, both included, as known now.

    Raises:
        Unavailable: tickets were archived or restored meanwhile, or cold storage went away.
        Damaged: a bundle of the archive does not hold what was written.
    """
    cells, reading = Cells(first.since, last.until), Reading()
    with source.database.reading() as connection:
        before = index.standing(connection)
    for page in _pages(source, cells):
        for ticket, answered_at in page:
            _add(cells, reading, ticket, answered_at, source)
        on_page(reading)
        gc.collect(0)
        if should_stop():
            reading.is_stopped = True
            return cells, reading
    with source.database.reading() as connection:
        if index.standing(connection) != before:
            raise moved()
    return cells, reading


def _pages(source: Source, cells: Cells) -> Iterator[list[tuple[Ticket, datetime | None]]]:
    pages = LivedUntil(cells.until, since=cells.since)
    span = ReportSpan(cells.since, cells.until, source.now)
    yield from ticket_pages(source.database, pages, span)
    with source.database.reading() as connection:
        bundles = index.bundles_closed_since(connection, cells.since)
    for bundle_id in bundles:
        with source.database.reading() as connection:
            known = index.of_bundle(connection, bundle_id).values()
        wanted = [one for one in known if one.closed_at >= cells.since]
        found = ArchivedTickets(source.database, source.cold()).whole(wanted)
        yield [(archived.ticket, archived.answered_at) for archived in found]


def _add(
    cells: Cells,
    reading: Reading,
    ticket: Ticket,
    answered_at: datetime | None,
    source: Source,
) -> None:
    if ticket.created_at is None or ticket.created_at >= cells.until:
        return  # as of the database's rows: an archived one was not asked for
    seen = clock(ticket, now=source.now, answered_at=answered_at, policies=source.policies)
    reading.tickets += 1
    reading.partial += seen.timeline.source is ClockSource.PARTIAL
    level = str(ticket.priority) if ticket.priority.is_known else None
    cells.add(CellGroup(ticket.category or None, level), ticket_figures(ticket, seen))
