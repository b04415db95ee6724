"""The desk as sections of short lines, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from savctl.cli.desk.job_lines import job_lines, jobs_title
from savctl.cli.desk.rows import queue_rows
from savctl.cli.desk.upkeep_lines import upkeep_lines
from savctl.cli.framework.text import span_words
from savctl.domain.text import plural
from savctl.usecases.desk.model import Desk

Cells = Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskSection:
    """A title and rows under named columns, in order of worth; the first `least` rows first.

    `short` is one line that stands for the rows where there is no room for them.
    """

    title: str
    names: Cells
    rows: Sequence[Cells]
    has_headers: bool = False
    least: int = 1
    short: str = ""

    @property
    def height(self) -> int:
        """Lines below the title."""
        return len(self.rows) + self.has_headers


def desk_sections(desk: Desk) -> list[DeskSection]:
    """All sections, in the order in which they are shown."""
    return [
        _queue(desk),
        _due(desk),
        _agents(desk),
        _jobs(desk),
        _upkeep(desk),
        _errors(desk),
    ]


def ago(moment: datetime | None, now: datetime) -> str:
    """`12 min ago`, `in 3 h 5 min`, or nothing."""
    if moment is None:
        return ""
    far = span_words(moment - now, days="d")
    if moment > now:
        return f"in {far}"
    return f"{' '.join(far.split(' ')[:2])} ago"


def _queue(desk: Desk) -> DeskSection:
    rows = queue_rows(desk.queue) if desk.queue else []
    names = tuple(rows[0]) if rows else ("status",)
    shown = [[str(row["status"]), *(f"{row[name]:>8,}" for name in names[1:])] for row in rows]
    return DeskSection(
        title=": ".join(filter(None, ("Queue", ", ".join(_queue_facts(desk))))),
        names=(names[0], *(f"{name:>8}" for name in names[1:])),
        rows=shown,
        has_headers=True,
        least=5,
    )


def _queue_facts(desk: Desk) -> Iterator[str]:
    if desk.queue is None:
        return
    yield f"{desk.queue.total:,} not closed"
    yield f"{desk.queue.unassigned:,} open without an agent"
    if desk.breaches is not None:
        late = sum(desk.breaches.values())
        yield f"{late:,} running late" if late else "none running late"


def _due(desk: Desk) -> DeskSection:
    rows = [
        [
            f"late by {span_words(desk.at - one.at, days='d')}"
            if one.at < desk.at
            else ago(one.at, desk.at),
            one.ticket_number,
            one.side,
            one.priority,
            one.status,
            f"agent {one.assigned_to}" if one.assigned_to else "no agent",
        ]
        for one in desk.due or ()
    ]
    names = ("due", "ticket_number", "side", "priority", "status", "agent")
    title = "Due next" if rows or desk.due is None else "Due next: nothing"
    return DeskSection(title=title, names=names, rows=rows, least=2)


def _agents(desk: Desk) -> DeskSection:
    loads = desk.agents or ()
    rows = [
        [
            f"agent {load.agent_id}",
            f"{load.active:>6,} active",
            f"{load.in_progress:>6,} in_progress",
            f"{load.waiting_customer:>6,} waiting_customer",
        ]
        for load in loads
    ]
    short = "  ".join(f"{load.agent_id}: {load.active:,}" for load in loads)
    return DeskSection(
        title=f"Agents: {plural(len(loads), 'agent')} with unsolved tickets",
        names=("agent_id", "active", "in_progress", "waiting"),
        rows=rows,
        short=short,
    )


def _jobs(desk: Desk) -> DeskSection:
    lines = list(job_lines(desk, ago)) if desk.work else []
    return DeskSection(
        title=jobs_title(desk.work) if desk.work else "Jobs",
        names=("job", "state", "last", "next", "why"),
        rows=lines,
        least=3,
    )


def _upkeep(desk: Desk) -> DeskSection:
    rows = list(upkeep_lines(desk, ago))
    return DeskSection(title="Upkeep", names=("of", "found"), rows=rows, least=len(rows))


def _errors(desk: Desk) -> DeskSection:
    rows = [
        [
            ago(one.at, desk.at),
            one.job,
            one.status,
            " ".join((one.error or f"{plural(one.failed, 'item')} failed").split()),
        ]
        for one in desk.errors or ()
    ]
    title = "Last errors" if rows or desk.errors is None else "Last errors: none in 7 days"
    return DeskSection(title=title, names=("at", "job", "outcome", "error"), rows=rows)
