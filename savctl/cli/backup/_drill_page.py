"""A drill as a page: the four procedures, what each took, what would be lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from savctl import __version__
from savctl.pages.page import Column, Page, Section, Table, Tile

if TYPE_CHECKING:
    from savctl.domain.backup.drill_report import DrillReport

_PROCEDURES: Mapping[object, str] = {
    "corruption": "Database corruption: whole restore and replay",
    "deletion": "Accidental deletion: one ticket from a backup",
    "objects": "Lost files: from the mirror",
    "outage": "Broker outage: events wait and arrive",
}


def drill_page(report: DrillReport) -> Page:
    """The report of `backup drill`."""
    rows = [one.as_json() for one in report.procedures]
    lost = [one.lost_seconds for one in report.procedures if one.lost_seconds is not None]
    minutes = round(max(lost) / 60) if lost else None
    return Page(
        title="Recovery drill",
        subtitle=f"{report.id}, {report.made_at:%Y-%m-%d %H:%M}Z",
        made=f"Made by savctl {__version__}. All times are UTC.",
        text="Each procedure was carried out on scratch copies. Lost seconds are the age of the "
        "newest data that it brings back: what a disaster at that moment would have cost.",
        tiles=[
            Tile(label="Procedures", value=len(rows)),
            Tile(label="Failed", value=len(report.failed)),
            Tile(label="Lost at most", value=minutes, kind="minutes"),
        ],
        sections=[
            Section(
                title="Procedures",
                tables=[
                    Table(
                        title="Procedures",
                        columns=[
                            Column("name", "Procedure", names=_PROCEDURES),
                            Column("outcome", "Outcome"),
                            Column("seconds", "Seconds", "count"),
                            Column("lost_seconds", "Lost seconds", "count"),
                        ],
                        rows=rows,
                    )
                ],
            )
        ],
    )
