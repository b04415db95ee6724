"""The rows of a month as bytes: the same rows give the same bytes."""

from __future__ import annotations

import json
from collections.abc import Sequence

from savctl.domain.analytics.schema import analytics_schema
from savctl.domain.analytics.table import COLUMNS, Row
from savctl.domain.model.json_text import encode
from savctl.usecases.tickets.ticket_lines import csv_row, csv_value

FORMATS = ("csv", "jsonl")
SCHEMA_SUFFIX = ".schema.json"


def content(rows: Sequence[Row], form: str) -> bytes:
    """CSV below a header, or a JSON object a line; UTF-8."""
    if form == "csv":
        lines = [csv_row(COLUMNS)]
        lines += [csv_row([csv_value(row[name]) for name in COLUMNS]) for row in rows]
    else:
        lines = [f"{encode(row)}\n" for row in rows]
    return "".join(lines).encode(errors="backslashreplace")


def schema_content() -> bytes:
    """The JSON Schema of a row, the same for every month."""
    return json.dumps(analytics_schema(), indent=2, ensure_ascii=False).encode() + b"\n"
