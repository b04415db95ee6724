"""Tables: rows, bytes, free bytes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from savctl.domain.metrics.families import MetricSample, gauge
from savctl.persistence.metrics.table_sizes import measured_tables
from savctl.usecases.metrics.figures import Figure
from savctl.usecases.metrics.subject import MetricPlaces

_SOURCE = "information_schema.TABLES, of SQLite its pages; counted after auto-close"
_ROWS = gauge("savctl_table_rows", "Rows of the table; a server estimates them.", _SOURCE, "table")
_BYTES = gauge(
    "savctl_table_bytes",
    "What the table and its indexes take.",
    _SOURCE,
    "table",
    unit="bytes",
)
_FREE = gauge(
    "savctl_table_free_bytes",
    "What the table holds and does not use; on MySQL, of a shared tablespace all of it.",
    _SOURCE,
    "table",
    unit="bytes",
)


def _count(places: MetricPlaces) -> Iterator[MetricSample]:
    for table in measured_tables(places.database):
        yield _ROWS.sample(table.rows, table.name)
        if table.bytes is not None:
            yield _BYTES.sample(table.bytes, table.name)
        if table.free_bytes is not None:
            yield _FREE.sample(table.free_bytes, table.name)


TABLE_SIZES = Figure(
    name="tables",
    families=(_ROWS, _BYTES, _FREE),
    job="auto-close",
    every=timedelta(hours=1),
    live_up_to=1_000,
    count=_count,
)
