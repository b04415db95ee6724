"""Figures that took long to count: a job writes them, a scrape reads them (rules 18.1)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from savctl.persistence.schema.tables import figures

# what orphan-cleanup keeps of the bucket
BUCKET_FIGURE = "bucket"
BUCKET_OBJECTS, BUCKET_BYTES = "savctl_bucket_objects", "savctl_bucket_bytes"
ORPHANS, FILES_MISSING = "savctl_orphans", "savctl_files_missing"
FigureRow = tuple[str, tuple[str, ...], float]  # family, values of its labels, value
_F = figures.c


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFigure:
    """A group of figures, when they were counted and how long that took."""

    name: str
    made_at: datetime
    took_ms: int
    rows: tuple[FigureRow, ...]


def read_figures(connection: Connection) -> dict[str, StoredFigure]:
    """All of them by name."""
    return {
        row.name: StoredFigure(
            name=row.name,
            made_at=row.made_at,
            took_ms=row.took_ms,
            rows=tuple((family, tuple(labels), value) for family, labels, value in _body(row)),
        )
        for row in connection.execute(select(figures))
    }


def find_figure_times(connection: Connection) -> dict[str, tuple[datetime, int]]:
    """When each was counted, and how many milliseconds that took."""
    query = select(_F.name, _F.made_at, _F.took_ms)
    return {name: (made_at, took) for name, made_at, took in connection.execute(query)}


def keep_figure(
    connection: Connection,
    name: str,
    rows: Sequence[FigureRow],
    *,
    at: datetime,
    took_ms: int,
) -> None:
    """Put these figures in the place of those counted before."""
    body = json.dumps([[family, list(labels), value] for family, labels, value in rows])
    connection.execute(delete(figures).where(_F.name == name))
    values = {"name": name, "made_at": at, "took_ms": took_ms, "body": body}
    connection.execute(insert(figures).values(**values))


def _body(row: object) -> list[tuple[str, list[str], float]]:
    return list(json.loads(row.body))  # type: ignore[attr-defined]
