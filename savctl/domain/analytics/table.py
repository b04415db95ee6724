"""The rows of a month: no cell of fewer tickets than the smallest that may be shown.

Small cells of a day and priority are summed into the category `(other)`. Where those are too few
still, they are left out of the rows and of the total, so that no subtraction brings them back;
the total has their number.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from savctl.domain.analytics.cells import Cell, CellGroup, Cells
from savctl.domain.analytics.figures import COUNTS, SPANS
from savctl.domain.analytics.months import Month
from savctl.domain.model.priority import LEVELS
from savctl.domain.sla.statistics import TOTAL

OTHER = "(other)"
PERCENTS = (50, 90)
PERCENTILES = tuple(f"{figure}_p{percent}" for figure in SPANS for percent in PERCENTS)
SMALL = ("summed_cells", "left_out_cells")
COLUMNS = ("day", "category", "priority", *COUNTS, *PERCENTILES, "backlog_end", *SMALL)

Row = dict[str, object]
_ORDER = {str(level): place for place, level in enumerate(reversed(LEVELS))}
_UNKNOWN = len(_ORDER)


@dataclass(slots=True)
class Shown:
    """Which cells are shown, and how many small ones were summed into others or left out."""

    cells: list[tuple[int, CellGroup, Cell]] = field(default_factory=list)
    summed: int = 0
    left_out: int = 0


def month_rows(cells: Cells, month: Month, *, smallest: int) -> tuple[list[Row], Shown]:
    """The rows of a month in their fixed order, the total last."""
    shown = protected(cells.between(month.since, month.until), smallest=smallest)
    shown.cells.sort(key=_place)
    first = month.since.date()
    rows = [_row(first, *one) for one in shown.cells]
    last_day = (month.until - month.since).days - 1
    return [*rows, _total(shown, last_day)], shown


def protected(cells: Iterable[tuple[int, CellGroup, Cell]], *, smallest: int) -> Shown:
    """The cells that may be shown; a stored category `(other)` joins those that are summed."""
    shown = Shown()
    others: dict[tuple[int, str | None], Cell] = {}
    small: dict[tuple[int, str | None], int] = {}
    for day, group, cell in cells:
        if cell.tickets >= smallest and group.category != OTHER:
            shown.cells.append((day, group, cell))
            continue
        key = day, group.priority
        other = others.setdefault(key, Cell())
        other.add_all(cell)
        other.backlog += cell.backlog
        small[key] = small.get(key, 0) + (cell.tickets < smallest)
    for (day, priority), other in others.items():
        if other.tickets >= smallest:
            shown.cells.append((day, CellGroup(OTHER, priority), other))
            shown.summed += small[day, priority]
        else:
            shown.left_out += small[day, priority]
    return shown


def _place(one: tuple[int, CellGroup, Cell]) -> tuple[int, int, str, int]:
    """Days, then categories by code point, none and `(other)` behind them, urgent first."""
    day, group, _ = one
    behind = 2 if group.category == OTHER else int(group.category is None)
    return day, behind, group.category or "", _ORDER.get(group.priority or "", _UNKNOWN)


def _row(first: date, day: int, group: CellGroup, cell: Cell) -> Row:
    name = (first + timedelta(days=day)).isoformat()
    row: Row = {"day": name, "category": group.category, "priority": group.priority}
    return {**row, **_figures(cell), **dict.fromkeys(SMALL)}


def _total(shown: Shown, last_day: int) -> Row:
    """What is shown, added up; percentiles over all its spans, the backlog of the last day."""
    total = Cell()
    for day, _, cell in shown.cells:
        total.add_all(cell)
        total.backlog += cell.backlog if day == last_day else 0
    row: Row = {"day": TOTAL, "category": None, "priority": None, **_figures(total)}
    return {**row, "summed_cells": shown.summed, "left_out_cells": shown.left_out}


def _figures(cell: Cell) -> Row:
    row: Row = {figure: cell.counts[figure] for figure in COUNTS}
    for figure in SPANS:
        for percent in PERCENTS:
            row[f"{figure}_p{percent}"] = cell.percentile(figure, percent)
    row["backlog_end"] = cell.backlog
    return row
