"""JSON Schema of one row of analytics (docs/schemas/analytics-1.json)."""

from __future__ import annotations

from typing import Any

from savctl.domain.analytics.figures import COUNTS
from savctl.domain.analytics.table import COLUMNS, PERCENTILES, SMALL
from savctl.domain.events.schema import DIALECT
from savctl.domain.model.priority import LEVELS

Schema = dict[str, Any]

_MEANING = {
    "day": "The day (UTC); `total` in the last row.",
    "category": "The category as it is now; `(other)`: small cells of the day and priority.",
    "priority": "The priority as it is now.",
    "created": "Tickets created.",
    "resolved": "Entries into `resolved`; a ticket may have several.",
    "reopened": "Entries into an active status from `resolved`.",
    "closed": "Tickets closed, merged ones included.",
    "merged": "Tickets merged into another one.",
    "response_met": "First answers in time, on the day of the answer.",
    "response_missed": "Response targets that passed, on that day.",
    "resolution_met": "Resolution clocks that ended in time, on the day of the last end.",
    "resolution_missed": "Resolution targets that passed, on that day.",
    "response_minutes_p50": "Median minutes to the first answer, of the answers of the day.",
    "response_minutes_p90": "90 % of the answers of the day took at most so many minutes.",
    "resolution_minutes_p50": "Median minutes of the resolution clocks that ended on the day.",
    "resolution_minutes_p90": "90 % of the clocks that ended on the day ran at most so long.",
    "backlog_end": "Tickets open, in progress or waiting at the end of the day.",
    "summed_cells": "Small cells that were summed into `(other)`; in the total only.",
    "left_out_cells": "Small cells that were left out; in the total only.",
}


def analytics_schema() -> Schema:
    """The schema of a row; a CSV row is one once its empty cells are null."""
    return {
        "$schema": DIALECT,
        "title": "savctl-analytics 1",
        "description": "Figures of one day, category and priority.",
        "type": "object",
        "properties": {name: _column(name) for name in COLUMNS},
        "required": list(COLUMNS),
        "additionalProperties": False,
    }


def _column(name: str) -> Schema:
    return {**_type(name), "description": _MEANING[name]}


def _type(name: str) -> Schema:
    if name == "day":
        return {"type": "string", "pattern": r"^(\d{4}-\d\d-\d\d|total)$"}
    if name == "priority":
        return {"enum": [*map(str, LEVELS), None]}
    if name == "category":
        return {"type": ["string", "null"]}
    if name in (*PERCENTILES, *SMALL):
        return {"type": ["integer", "null"], "minimum": 0}
    if name in (*COUNTS, "backlog_end"):
        return {"type": "integer", "minimum": 0}
    raise ValueError(f"{name} has no type")
