"""Reports as pages: the rows that JSON answers with, drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from savctl import __version__
from savctl.pages.charts import Chart, Series
from savctl.pages.page import Column, Page, Section, Table, Tile
from savctl.pages.values import words

Rows = Sequence[Mapping[str, object]]
Names = Mapping[object, str]  # what a page shows for a value of the first column
_SIDES = (("response", "Answered"), ("resolution", "Solved"))
_SHOWN = 20
PERCENT = (
    "In time %: of the decided tickets, those in time. Decided are those in time and those that "
    "are late. A ticket whose clock has not ended and is not late is undecided: it is in no "
    "percentage."
)
_TITLES = {
    "agent_id": "Agent",
    "in_progress": "In work",
    "waiting_customer": "Waiting",
    "due_in_24h": "Due in 24\u202fh",
    "solved_in_period": "Solved",
    "median_resolution_minutes": "Median",
    "response_breaches": "Late answers",
    "resolution_breaches": "Late solutions",
    "customer_messages": "Messages",
}


def sla_page(groups: Mapping[str, Rows], *, period: str, at: datetime, names: Names) -> Page:
    """Kept and broken promises: headline, by group, and over time; `names` are the agents'."""
    first = next(iter(groups.values()))
    return Page(
        title="Service levels",
        subtitle=period,
        made=_made(at),
        tiles=_sla_tiles(first[-1]),
        text=PERCENT,
        sections=[_sla_section(by, rows, names) for by, rows in groups.items()],
    )


def workload_page(rows: Rows, *, period: str, at: datetime, names: Names) -> Page:
    """The workload; the rows' first key is what they are grouped by, `names` are the agents'."""
    key = next(iter(rows[0]), "agent_id") if rows else "agent_id"
    by = key.removesuffix("_id")
    held = {"open": "Open", "in_progress": "In work", "waiting_customer": "Waiting"}
    busy = [row for row in rows if any(row[name] for name in held)]
    shown = sorted(busy, key=lambda row: -sum(_sum([row], name) for name in held))[:_SHOWN]
    labels = [names.get(row[key], str(row[key])) for row in shown]
    left_out = (
        f" The {len(shown)} of {len(busy)} that hold most." if len(shown) < len(busy) else ""
    )
    return Page(
        title="Workload",
        subtitle=period,
        made=_made(at),
        tiles=[
            Tile(label="Tickets held", value=sum(_sum(rows, name) for name in held)),
            Tile(label="Overdue tickets", value=_sum(rows, "overdue")),
            Tile(label="Due within 24 h", value=_sum(rows, "due_in_24h")),
            Tile(label="Solved in the period", value=_sum(rows, "solved_in_period")),
        ],
        sections=[
            Section(
                title=f"By {by}",
                text=f"What each {by} holds now.{left_out}",
                charts=[
                    Chart(
                        title="Tickets held",
                        labels=labels,
                        series=[Series(label, _numbers(shown, n)) for n, label in held.items()],
                    )
                ],
                tables=[
                    Table(title=f"Workload, by {by}", columns=_columns(rows, names), rows=rows)
                ],
            )
        ],
    )


def volume_page(rows: Rows, *, period: str, at: datetime) -> Page:
    """What came and went."""
    labels = [str(row["period"]) for row in rows]
    came = Chart(
        title="Tickets created and solved",
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
        hint = _decided(total, side)
        kept = total[f"{side}_met_percent"]
        tiles.append(Tile(label=f"{verb} in time", value=kept, kind="percent", hint=hint))
        median = total[f"{side}_median_minutes"]
        tiles.append(Tile(label=f"{verb} after", value=median, kind="minutes", hint="median"))
    return tiles


def _decided(row: Mapping[str, object], side: str) -> str:
    """`397 decided, 144 late`."""
    late = row[f"{side}_breached"]
    decided = _sum([row], f"{side}_met") + _sum([row], f"{side}_breached")
    return f"{words('count', decided)} decided, {words('count', late)} late"


def _sla_section(by: str, rows: Rows, names: Names) -> Section:
    is_time = by in {"day", "week", "month"}
    names = names if by == "agent" else {}
    groups = list(rows[:-1])
    shown = groups if is_time else sorted(groups, key=_tickets, reverse=True)[:_SHOWN]
    text = f"The {len(shown)} largest of {len(groups)}." if len(shown) < len(groups) else ""
    partial = rows[-1]["partial"]
    note = None
    if partial:
        note = f"{partial} histories contradict their ticket; they are in no percentage."
    tables = [
        Table(
            title=f"{verb}, by {by}",
            columns=_side_columns(side, "period" if is_time else "text", names),
            rows=rows,
            note=note,
            has_sum=True,
        )
        for side, verb in _SIDES
    ]
    ordered = [row for row in groups if row in shown]
    charts = [_over_time(by, groups)] if is_time else _by_group(by, ordered, names)
    return Section(title=f"By {by}", text=text, charts=charts, tables=tables)


def _by_group(by: str, groups: Rows, names: Names) -> list[Chart]:
    """What part of each group's decided tickets was in time, as the tables have it."""
    return [
        Chart(
            title=f"{verb} in time, by {by}",
            labels=[names.get(row["group"], str(row["group"])) for row in groups],
            kind="shares",
            series=[
                Series(label, _numbers(groups, f"{side}_{part}"))
                for part, label in (("met", "In time"), ("breached", "Late"))
            ],
        )
        for side, verb in _SIDES
    ]


def _over_time(by: str, groups: Rows) -> Chart:
    return Chart(
        title=f"In time, by {by} of creation",
        labels=[str(row["group"]) for row in groups],
        kind="lines",
        unit="percent",
        top=100,
        series=[Series(verb, _numbers(groups, f"{side}_met_percent")) for side, verb in _SIDES],
    )


def _tickets(row: Mapping[str, object]) -> int:
    return _sum([row], "tickets")


def _side_columns(side: str, kind: str, names: Names) -> list[Column]:
    titles = ("In time", "Late", "Undecided", "In time %", "Median", "90 % within")
    parts = ("met", "breached", "pending", "met_percent", "median_minutes", "p90_minutes")
    keys = [f"{side}_{part}" for part in parts]
    return [
        Column("group", "Group", kind, names),
        Column("tickets", "Tickets", "count"),
        *(Column(k, title, _kind(k)) for k, title in zip(keys, titles, strict=True)),
    ]


def _columns(rows: Rows, names: Names | None = None) -> list[Column]:
    """A column for each key; `names` are those of the first one's values."""
    keys = tuple(rows[0]) if rows else ()
    return [
        Column(key, _title(key), _kind(key), (names or {}) if number == 0 else {})
        for number, key in enumerate(keys)
    ]


def _kind(key: str) -> str:
    if key in {"period", "priority"}:
        return "period"
    if key in {"agent_id", "category"}:
        return "text"
    if key.endswith("_minutes"):
        return "minutes"
    return "percent" if key.endswith("_percent") else "count"


def _title(key: str) -> str:
    if key in _TITLES:
        return _TITLES[key]
    return key[:1].upper() + key[1:].replace("_", " ")


def _numbers(rows: Rows, key: str) -> list[float | None]:
    return [v if isinstance(v := row[key], int | float) else None for row in rows]


def _sum(rows: Rows, key: str) -> int:
    return sum(v for row in rows if isinstance(v := row[key], int))


def _made(at: datetime) -> str:
    return f"Made by savctl {__version__} at {at:%Y-%m-%d %H:%M}Z. All times are UTC."
