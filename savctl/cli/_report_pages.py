"""Reports as pages: the rows that JSON answers with, drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from savctl import __version__
from savctl.pages.charts import Chart, Series
from savctl.pages.page import Column, Page, Section, Table, Tile

Rows = Sequence[Mapping[str, object]]
_SIDES = (("response", "Answered"), ("resolution", "Solved"))
_SHOWN = 30


def sla_page(groups: Mapping[str, Rows], *, period: str, at: datetime) -> Page:
    """Kept and broken promises: headline, by group, and over time."""
    first = next(iter(groups.values()))
    return Page(
        title="Service levels",
        subtitle=period,
        made=_made(at),
        tiles=_sla_tiles(first[-1]),
        sections=[_sla_section(by, rows) for by, rows in groups.items()],
    )


def workload_page(rows: Rows, *, period: str, at: datetime) -> Page:
    """Who has how much."""
    labels = [str(row["agent_id"]) for row in rows[:_SHOWN]]
    names = ("in_progress", "waiting_customer", "resolved", "open")
    return Page(
        title="Workload",
        subtitle=period,
        made=_made(at),
        tiles=[
            Tile(label="Agents", value=sum(row["agent_id"] != "none" for row in rows)),
            Tile(label="Overdue tickets", value=_sum(rows, "overdue")),
            Tile(label="Due within 24 h", value=_sum(rows, "due_in_24h")),
            Tile(label="Solved in the period", value=_sum(rows, "solved_in_period")),
        ],
        sections=[
            Section(
                title="By agent",
                text="What each agent holds now; none holds what is not assigned.",
                charts=[
                    Chart(
                        title="Tickets by agent and status",
                        labels=labels,
                        series=[Series(_title(n), _numbers(rows[:_SHOWN], n)) for n in names],
                    )
                ],
                tables=[Table(title="Agents", columns=_columns(rows), rows=rows)],
            )
        ],
    )


def volume_page(rows: Rows, *, period: str, at: datetime) -> Page:
    """What came and went."""
    labels = [str(row["period"]) for row in rows]
    came = Chart(
        title="Tickets that came and were solved",
        labels=labels,
        kind="lines",
        series=[Series(_title(n), _numbers(rows, n)) for n in ("created", "resolved")],
    )
    left = Chart(
        title="Backlog at the end of each part",
        labels=labels,
        kind="lines",
        series=[Series("Backlog", _numbers(rows, "backlog"))],
    )
    return Page(
        title="Volume",
        subtitle=period,
        made=_made(at),
        tiles=[
            Tile(label="Created", value=_sum(rows, "created")),
            Tile(label="Resolved", value=_sum(rows, "resolved")),
            Tile(label="Reopened", value=_sum(rows, "reopened")),
            Tile(label="Backlog", value=rows[-1]["backlog"] if rows else 0, hint="at the end"),
        ],
        sections=[
            Section(
                title="Over time",
                charts=[came, left],
                tables=[Table(title="Volume", columns=_columns(rows), rows=rows)],
            )
        ],
    )


def _sla_tiles(total: Mapping[str, object]) -> list[Tile]:
    tiles = [Tile(label="Tickets", value=total["tickets"])]
    for side, verb in _SIDES:
        hint = f"{total[f'{side}_breached']} were late"
        kept = total[f"{side}_met_percent"]
        tiles.append(Tile(label=f"{verb} in time", value=kept, kind="percent", hint=hint))
        median = total[f"{side}_median_minutes"]
        tiles.append(Tile(label=f"{verb} after", value=median, kind="minutes", hint="median"))
    return tiles


def _sla_section(by: str, rows: Rows) -> Section:
    groups = list(rows[:-1])[:_SHOWN] or list(rows)
    labels = [str(row["group"]) for row in groups]
    is_time = by in {"day", "week", "month"}
    charts = [
        Chart(
            title=f"{verb} in time and late, by {by}",
            labels=labels,
            kind="lines" if is_time else "bars",
            series=[
                Series("In time", _numbers(groups, f"{side}_met")),
                Series("Late", _numbers(groups, f"{side}_breached")),
                Series("Undecided", _numbers(groups, f"{side}_pending")),
            ],
        )
        for side, verb in _SIDES
    ]
    partial = rows[-1]["partial"]
    note = None
    if partial:
        note = f"{partial} histories contradict their ticket; they are in no percentage."
    tables = [
        Table(title=f"{verb}, by {by}", columns=_side_columns(side), rows=rows, note=note)
        for side, verb in _SIDES
    ]
    return Section(title=f"By {by}", charts=charts, tables=tables)


def _side_columns(side: str) -> list[Column]:
    titles = ("In time", "Late", "Undecided", "In time %", "Median", "90 % within")
    parts = ("met", "breached", "pending", "met_percent", "median_minutes", "p90_minutes")
    keys = [f"{side}_{part}" for part in parts]
    return [
        Column("group", "Group"),
        Column("tickets", "Tickets", "count"),
        *(Column(k, title, _kind(k)) for k, title in zip(keys, titles, strict=True)),
    ]


def _columns(rows: Rows) -> list[Column]:
    return [Column(key, _title(key), _kind(key)) for key in (rows[0] if rows else ())]


def _kind(key: str) -> str:
    if key in {"group", "agent_id", "period"}:
        return "text"
    if key.endswith("_minutes"):
        return "minutes"
    return "percent" if key.endswith("_percent") else "count"


def _title(key: str) -> str:
    said = key.removesuffix("_minutes").replace("_percent", " %").replace("_", " ")
    return said[:1].upper() + said[1:]


def _numbers(rows: Rows, key: str) -> list[float | None]:
    return [v if isinstance(v := row[key], int | float) else None for row in rows]


def _sum(rows: Rows, key: str) -> int:
    return sum(v for row in rows if isinstance(v := row[key], int))


def _made(at: datetime) -> str:
    return f"Made by savctl {__version__} at {at:%Y-%m-%d %H:%M}Z. All times are UTC."
