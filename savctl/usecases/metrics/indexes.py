"""Indexes that nobody reads, and those that savctl's queries miss."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from savctl.domain.metrics.families import MetricSample, gauge
from savctl.persistence.schema.tables import metadata
from savctl.usecases.database.indexes import IndexState, index_report
from savctl.usecases.metrics.figures import Figure
from savctl.usecases.metrics.subject import MetricPlaces

_UNUSED = gauge(
    "savctl_index_unused",
    "1 for an index that was not read since the server started; one that keeps rows unique or "
    "serves a foreign key is left out.",
    "db indexes, after auto-close; not on SQLite",
    *("table", "index"),
)
_MISSING = gauge(
    "savctl_index_missing",
    "1 for an index that savctl's queries want and the database lacks, by its columns.",
    "db indexes, after auto-close",
    *("table", "index"),
)


def _count(places: MetricPlaces) -> Iterator[MetricSample]:
    """Tables and indexes of other programs are not named."""
    for finding in index_report(places.database).findings:
        table = metadata.tables.get(finding.table)
        if finding.state is IndexState.MISSING:
            yield _MISSING.sample(1, finding.table, finding.index or ", ".join(finding.columns))
        elif table is not None and finding.state in {IndexState.UNUSED, IndexState.USED}:
            known = {str(index.name) for index in table.indexes}
            if finding.index in known:
                yield _UNUSED.sample(
                    finding.state is IndexState.UNUSED, finding.table, str(finding.index)
                )


INDEXES = Figure(
    name="indexes",
    families=(_UNUSED, _MISSING),
    job="auto-close",
    every=timedelta(hours=1),
    live_up_to=0,
    count=_count,
)
