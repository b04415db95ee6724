"""savctl's own tables for metrics: totals that only grow, and figures that took long to count."""

from __future__ import annotations

from sqlalchemy import Column, Integer, String, Table

from savctl.persistence.schema.tables.base import OWN_KEYED, metadata
from savctl.persistence.types import BigId, LongText, UtcDateTime

# What happened, counted in the transaction in which it happened: rows are removed by age, by the
# archive and by erasures, and a counter must not fall. `labels` is a JSON list. `part` spreads
# what many write at once over several rows, whose sum counts.
totals = Table(
    "savctl_totals",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("labels", String(255), primary_key=True),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("value", BigId, nullable=False),
    **OWN_KEYED,
)

# A row for each group of figures that a job counts and a scrape only reads.
figures = Table(
    "savctl_figures",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("made_at", UtcDateTime(6), nullable=False),
    Column("took_ms", Integer, nullable=False),
    Column("body", LongText, nullable=False),
    **OWN_KEYED,
)
