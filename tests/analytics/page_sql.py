"""The queries of docs/analytics.md, run as they stand: a second computation in SQL alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from savctl.domain.analytics.months import Month
from savctl.persistence.engine import Database
from tests.given import rows, write
from tests.project.page_blocks import PROJECT, blocks

PAGE = PROJECT / "docs" / "analytics.md"
# Their tickets are looked up one by one.
_INDEXED = (
    "entry",
    "stretch",
    "counted",
    "answer",
    "clock",
    "reply",
    "change",
    "promise",
    "ticket",
)
_PERCENTILE = "analytics_percentile"
Row = dict[str, Any]
Cell = tuple[str, str | None, str]  # day, category, priority


def queries(database: Database) -> dict[str, str]:
    """The queries by name, in the page's order; of two for a family the database's own."""
    family = "SQLite" if database.is_sqlite else "MySQL, MariaDB"
    found: dict[str, str] = {}
    for block in blocks(PAGE):
        if block.language == "sql":
            first, _, query = block.text.partition("\n")
            name, _, named = first.removeprefix("-- ").partition(" ")
            if named in {"", f"({family})"}:
                found[name] = query
    return found


class FiguresInSql:
    """What the page's queries find for a month."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def cells(self) -> dict[Cell, Row]:
        """The figures of each cell that is shown, those that are neither none nor nought."""
        found: dict[Cell, Row] = defaultdict(dict)
        for name in ("analytics_counts", "analytics_backlog_end"):
            for row in rows(self._database, f"SELECT * FROM {name}"):
                found[_cell(row)] |= {figure: int(n) for figure, n in row.items() if n}
        for row in rows(self._database, f"SELECT * FROM {_PERCENTILE}"):
            figure, percent = row.pop("figure"), row.pop("percent")
            minutes = int(row.pop("minutes"))
            found[_cell(row)] |= {f"{figure}_p{percent}": minutes} if minutes else {}
        return found

    def total(self, query: str) -> Row:
        """The total: the counts added up, percentiles over all spans that are shown."""
        total: Row = defaultdict(int)
        for row in self.cells().values():
            for figure, number in row.items():
                if "minutes" not in figure and figure != "backlog_end":
                    total[figure] += number
        grouped = "day_s, shown_as, priority"
        keys = ("w.day_s, w.shown_as, w.priority, a.figure", "a.figure")
        ranked = query.replace(*keys).replace(f"GROUP BY {grouped}, figure", "GROUP BY figure")
        ranked = ranked.replace(f"SELECT {grouped}, figure", "SELECT figure", 1)
        for row in rows(self._database, _for_driver(self._database, ranked)):
            total[f"{row['figure']}_p{row['percent']}"] = int(row["minutes"])
        last = "SELECT SUM(backlog_end) AS n FROM analytics_backlog_end WHERE day_s = "
        last += "(SELECT MAX(day_s) FROM analytics_day)"
        total["backlog_end"] = int(rows(self._database, last)[0]["n"] or 0)
        small = "SELECT COUNT(*) AS n FROM analytics_{} WHERE {}"
        summed = rows(self._database, small.format("shown", "is_small"))[0]["n"]
        every = rows(
            self._database,
            small.format("cell", "tickets < (SELECT smallest FROM analytics_month)"),
        )[0]["n"]
        total |= {"summed_cells": summed, "left_out_cells": every - summed}
        return {figure: number for figure, number in total.items() if number}

    def __call__(self) -> tuple[dict[Cell, Row], Row]:
        """The cells and the total."""
        return self.cells(), self.total(queries(self._database)[_PERCENTILE])


@contextmanager
def figures_in_sql(database: Database, month: Month) -> Iterator[FiguresInSql]:
    """The page's queries for a month, each as a table that goes with the block."""
    found = queries(database)
    first, after = (f"{moment:%Y-%m-%d}" for moment in (month.since, month.until))
    query = found["analytics_month"].replace("2025-09-01", first).replace("2025-10-01", after)
    found["analytics_month"] = query
    try:
        for name, text in found.items():
            write(database, f"CREATE TABLE {name} AS {_for_driver(database, text)}")
            if name.removeprefix("analytics_") in _INDEXED:
                write(database, f"CREATE INDEX {name}_of ON {name} (ticket_id)")
        yield FiguresInSql(database)
    finally:
        for name in found:
            write(database, f"DROP TABLE IF EXISTS {name}")


def _for_driver(database: Database, query: str) -> str:
    """PyMySQL takes a single percent sign for a parameter."""
    return query if database.is_sqlite else query.replace("%", "%%")


def exported_cells(found: list[Row]) -> tuple[dict[Cell, Row], Row]:
    """The rows of an export in the same form."""
    *shown, total = found
    cells = {
        (row.pop("day"), row.pop("category"), row.pop("priority")): {
            figure: number for figure, number in row.items() if number
        }
        for row in shown
    }
    return cells, {name: n for name, n in total.items() if n and name != "day"}


def _cell(row: Row) -> Cell:
    day = datetime.fromtimestamp(int(row.pop("day_s")), UTC)
    return f"{day:%Y-%m-%d}", row.pop("shown_as") or None, row.pop("priority")
