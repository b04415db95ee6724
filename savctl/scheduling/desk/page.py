"""The page at `/` of a scheduler: the desk for people (rules 18.6).

It holds counts, times, ids of runs and names of jobs. No number of a ticket, no id of a person,
no text: nor that of an error, which may quote what a job worked on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType

from savctl import __version__
from savctl.domain.text import plural
from savctl.pages.page import Column, Page, Section, Table, Tile, render
from savctl.pages.values import words
from savctl.scheduling.desk.tables import (
    ago,
    backup_rows,
    due_rows,
    error_rows,
    job_rows,
    queue_table_rows,
)
from savctl.usecases.desk.job_states import is_wrong
from savctl.usecases.desk.model import Desk
from savctl.usecases.desk.watch import DeskReading

REFRESH_SECONDS = 15
PAGE_TYPE = "text/html; charset=utf-8"
# Nothing is fetched, sent or framed, and no script runs; the style is in the page.
PAGE_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
        "X-Frame-Options": "DENY",
    }
)
_JOBS = (
    Column("job", "Job", "period"),
    Column("state", "State", "state"),
    Column("last", "Last run", "period"),
    Column("next", "Next", "period"),
    Column("why", "Why", "prose"),
)
_QUEUE = (
    Column("status", "Status", "period"),
    Column("all", "All", "count"),
    *(Column(p, p.capitalize(), "count") for p in ("urgent", "high", "medium", "low")),
)
_DUE = (
    Column("due", "Due", "period"),
    Column("state", "State", "state"),
    Column("side", "Target", "period"),
    Column("priority", "Priority", "period"),
    Column("status", "Status", "period"),
)
_BACKUPS = (
    Column("kind", "Kind", "period"),
    Column("made", "Newest", "period"),
    Column("proven", "Restored as a test", "state"),
)
_ERRORS = (
    Column("at", "When", "period"),
    Column("job", "Job", "period"),
    Column("outcome", "Outcome", "state"),
    Column("failed", "Failed items", "count"),
    Column("about", "About", "period"),
    Column("run_id", "Run", "count"),
)


def desk_page(reading: DeskReading, *, now: datetime) -> str:
    """The whole page as HTML; the same reading at the same time is the same page."""
    desk = reading.desk
    read = f"Read {desk.at:%Y-%m-%d %H:%M:%S}Z" if desk else "Not read yet"
    page = Page(
        title="savctl",
        subtitle=f"{read}, again every {REFRESH_SECONDS} seconds. All times are UTC.",
        made=f"savctl {__version__}. Counts and times only; commands show the rest.",
        problem=_problem(reading),
        refresh=REFRESH_SECONDS,
        tiles=[*_tiles(desk)] if desk else (),
        sections=[*_sections(desk, now)] if desk else (),
    )
    return render(page)


def _problem(reading: DeskReading) -> str:
    """That the database does not answer; the words of a server may name anything."""
    if reading.problem is None:
        return ""
    since = f" since {reading.problem_since:%H:%M:%S}Z" if reading.problem_since else ""
    kept = "What is shown was read before." if reading.desk else "Nothing was read yet."
    return f"The database cannot be read{since}. {kept}"


def _tiles(desk: Desk) -> Iterator[Tile]:
    if desk.work is not None:
        wrong = sum(map(is_wrong, desk.work.jobs))
        alive = plural(len(desk.work.schedulers), "scheduler")
        yield Tile(label="Jobs to look at", value=wrong, hint=f"{alive} alive")
    if desk.queue is not None:
        yield Tile(label="Not closed", value=desk.queue.total)
        yield Tile(label="Open, no agent", value=desk.queue.unassigned)
    if desk.breaches is not None:
        hints = [f"{words('count', n)} {side}" for side, n in desk.breaches.items()]
        late = sum(desk.breaches.values())
        yield Tile(label="Running late", value=late, hint=", ".join(hints))
    if desk.events is not None:
        hints = [f"{words('count', desk.events.dead)} dead"]
        hints += [f"oldest {ago(desk.events.oldest_at, desk.at)}"] * bool(desk.events.waiting)
        yield Tile(label="Events waiting", value=desk.events.waiting, hint=", ".join(hints))
    if desk.erasures is not None:
        late = desk.erasures.late
        hint = f"{late} late" if late else f"{desk.erasures.due_soon} due within 7 days"
        yield Tile(label="Erasures open", value=desk.erasures.open, hint=hint)


def _sections(desk: Desk, now: datetime) -> Iterator[Section]:
    if desk.work is not None:
        jobs = Table(
            title="What to look at first", columns=_JOBS, rows=[*job_rows(desk.work.jobs, now)]
        )
        yield Section(title="Jobs", tables=[jobs])
    if desk.queue is not None:
        rows = [*queue_table_rows(desk.queue)]
        table = Table(title="Tickets that are not closed", columns=_QUEUE, rows=rows)
        yield Section(title="Queue", tables=[table])
    if desk.due is not None:
        due = Table(title="SLA targets", columns=_DUE, rows=[*due_rows(desk.due, now)])
        yield Section(title="Due next", text="savctl sla due names the tickets.", tables=[due])
    if desk.backups is not None:
        table = Table(
            title="Newest of each kind", columns=_BACKUPS, rows=[*backup_rows(desk.backups, now)]
        )
        yield Section(title="Backups", tables=[table])
    if desk.errors is not None:
        errors = Table(title="Last 7 days", columns=_ERRORS, rows=[*error_rows(desk.errors, now)])
        text = "savctl job history --run ID shows the whole error."
        yield Section(title="Last errors", text=text, tables=[errors])
