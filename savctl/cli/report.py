"""`savctl report sla, workload, volume`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from savctl.cli.framework.choices import one_of
from savctl.cli.framework.command import command, new_group
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.files import Force
from savctl.cli.framework.output import Answer, Row
from savctl.cli.framework.page_file import PagePlace, page_place, write_page
from savctl.domain import times
from savctl.domain.model.priority import LEVELS
from savctl.errors import InvalidInput

if TYPE_CHECKING:
    from savctl.usecases.reports.sla_report import ReportSpan

group = new_group("Reports: service levels, workload, volume.")

Since = Annotated[
    str | None, typer.Option("--since", metavar="TIME", help="From; 30 days ago if not given.")
]
Until = Annotated[str | None, typer.Option("--until", metavar="TIME", help="Before; now.")]
Html = Annotated[
    Path | None, typer.Option("--html", metavar="FILE", help="Write it as one HTML page instead.")
]

By = Annotated[
    str, typer.Option("--by", metavar="FIELD", help="priority, agent, category, day, week, month.")
]
_DAYS, _MANY_DAYS = timedelta(days=30), timedelta(days=62)


@command(
    group,
    "sla",
    asks=True,
    examples=["savctl report sla", "savctl report sla --since 90d --by month -o csv"],
)
def sla(
    call: CommandContext,
    since: Since = None,
    until: Until = None,
    by: By = "priority",
    html: Html = None,
    force: Force = False,
) -> Answer:
    """Report how SLA promises were kept.

    It covers the tickets created in a period and is computed from their history.

    A percentage is of the decided tickets: those in time and those that are late. What is
    pending is in no percentage.
    """
    return sla_answer(call, since, until, by, page_place(call, html, force=force))


def sla_answer(
    call: CommandContext, since: str | None, until: str | None, by: str, html: PagePlace | None
) -> Answer:
    """The SLA report, and its page if one is wanted."""
    from savctl.cli.report_pages import sla_page
    from savctl.cli.views.agents import agents_in, named_agents, with_names
    from savctl.usecases.reports.sla_report import GROUPS, report_sla

    by = one_of("by", by, tuple(GROUPS))
    span = period(call, since, until)
    over_time = "day" if span.until - span.since <= _MANY_DAYS else "month"
    wanted = tuple(dict.fromkeys((by, over_time))) if html is not None else (by,)
    found = report_sla(call.database, span, by=wanted, policies=call.app.policies(store=False))
    rows: Sequence[Row] = found[by].rows(_ORDER)
    _note_left_out(call, found[by].merged, found[by].total.partial)
    agents = agents_in(call, (row["group"] for row in rows)) if by == "agent" else {}
    text = None
    if html is not None:
        groups = {name: statistics.rows(_ORDER) for name, statistics in found.items()}
        page = sla_page(groups, period=words_of(span), at=span.now, names=named_agents(agents))
        text = write_page(call, html, page)
    columns: tuple[str, ...] = _SHORT
    if call.is_for_people and by == "agent":
        rows, columns = with_names(rows, "group", agents), (*_SHORT[:1], "name", *_SHORT[1:])
    return Answer(rows=rows, columns=columns, kept=_KEPT, key="group", noun="tickets", text=text)


@command(
    group,
    "workload",
    asks=True,
    examples=[
        "savctl report workload",
        "savctl report workload --since 7d -o json",
        "savctl report workload --by category",
    ],
)
def workload(
    call: CommandContext,
    since: Since = None,
    until: Until = None,
    by: Annotated[
        str, typer.Option("--by", metavar="FIELD", help="agent, category or priority.")
    ] = "agent",
    html: Html = None,
    force: Force = False,
) -> Answer:
    """Report what each agent holds and solved.

    It shows what is late and what was solved in the period.
    """
    from savctl.cli.report_pages import workload_page
    from savctl.cli.views.agents import agents_in, named_agents, with_names
    from savctl.usecases.reports.workload import report_workload

    place = page_place(call, html, force=force)
    key, column = _HELD_BY[one_of("by", by, tuple(_HELD_BY))]
    span = period(call, since, until)
    policies = call.app.policies(store=False)
    found = report_workload(call.database, span, by=column, policies=policies)
    rows: Sequence[Row] = [found[name].row(key, name) for name in sorted(found, key=_place)]
    agents = agents_in(call, found) if by == "agent" else {}
    text = None
    if place is not None:
        names = named_agents(agents) if by == "agent" else {}
        page = workload_page(rows, period=words_of(span), at=span.now, names=names)
        text = write_page(call, place, page)
    columns: tuple[str, ...] = (key, *_WORK)
    if call.is_for_people and by == "agent":
        rows, columns = with_names(rows, key, agents), (key, "name", *_WORK)
    return Answer(rows=rows, columns=columns, key=key, noun="agents", text=text)


@command(
    group,
    "volume",
    asks=True,
    examples=["savctl report volume --since 7d", "savctl report volume --since 365d --by month"],
)
def volume(
    call: CommandContext,
    since: Since = None,
    until: Until = None,
    by: Annotated[
        str | None, typer.Option("--by", metavar="PART", help="day, week or month.")
    ] = None,
    html: Html = None,
    force: Force = False,
) -> Answer:
    """Count tickets by day, week or month.

    Tickets created, resolved, closed, reopened, and the backlog.
    """
    from savctl.cli.report_pages import volume_page
    from savctl.domain.periods import Every
    from savctl.usecases.reports.volume import report_volume

    place = page_place(call, html, force=force)
    span = period(call, since, until)
    usual = Every.DAY if span.until - span.since <= _MANY_DAYS else Every.MONTH
    every = Every(one_of("by", by, tuple(Every))) if by is not None else usual
    rows = report_volume(call.database, span, every=every)
    text = None
    if place is not None:
        page = volume_page(rows, period=words_of(span), at=span.now)
        text = write_page(call, place, page)
    return Answer(rows=rows, key="period", text=text)


def period(call: CommandContext, since: str | None, until: str | None) -> ReportSpan:
    """The period asked for, half-open; 30 days up to now by default.

    What came after `--at` is not known then.
    """
    from savctl.usecases.reports.sla_report import ReportSpan

    now, is_past = call.clock(), call.at is not None
    end = call.moment("until", until) or now
    end = min(end, now) if is_past else end
    start = call.moment("since", since) or max(end, times.FIRST) - _DAYS
    if start >= end:
        raise InvalidInput(
            f"--since {_day(start)} must be earlier than --until {_day(end)}",
            hint="--until is exclusive.",
        )
    return ReportSpan(start, end, now, is_past)


def words_of(span: ReportSpan) -> str:
    """The period in words."""
    return f"{_day(span.since)} to {_day(span.until)} (UTC, the end left out)"


def _note_left_out(call: CommandContext, merged: int, partial: int) -> None:
    if merged:
        call.note(f"{merged} merged tickets are left out")
    if partial:
        call.note(
            f"{partial} histories contradict their ticket: in no percentage; savctl sla audit"
        )


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _place(name: str) -> tuple[int, int, str]:
    """Priorities from the top, agents by number, other names by themselves."""
    is_number = name.isascii() and name.isdecimal()
    level = _ORDER.index(name) if name in _ORDER else len(_ORDER)
    return level, int(name) if is_number else 2**64, name


# What a report of the workload groups by: the key in its rows, and the ticket's column.
_HELD_BY = {
    "agent": ("agent_id", "assigned_to"),
    "category": ("category", "category"),
    "priority": ("priority", "priority"),
}
_ORDER = tuple(str(level) for level in reversed(LEVELS))
_KEPT = ("tickets", "response_met_percent", "resolution_met_percent")
_SHORT = (
    "group",
    "tickets",
    "response_met_percent",
    "resolution_met_percent",
    "response_breached",
    "resolution_breached",
    "response_met",
    "resolution_met",
    "response_pending",
    "resolution_pending",
)
_WORK = (
    "open",
    "in_progress",
    "waiting_customer",
    "overdue",
    "due_in_24h",
    "solved_in_period",
    "resolved",
    "median_resolution_minutes",
    "response_breaches",
    "resolution_breaches",
)
