"""Slow statements from whatever the server keeps of them (rules 18.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from savctl.persistence.engine import Database
from savctl.persistence.statistics.slow_statements import (
    SlowStatement,
    by_performance_schema,
    by_slow_log,
)
from savctl.persistence.statistics.sources import StatisticsGap

OVER = timedelta(milliseconds=100)  # rules 18.2


class SlowSource(StrEnum):
    """Where slow statements are looked for."""

    AUTO = "auto"  # performance_schema, else the slow log
    PERFORMANCE_SCHEMA = "performance-schema"
    SLOW_LOG = "slow-log"


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowReport:
    """The statements, longest in all first, and what could not be looked at."""

    statements: Sequence[SlowStatement]
    gaps: Sequence[StatisticsGap]
    is_known: bool


def slow_statements(
    database: Database, *, over: timedelta = OVER, source: SlowSource = SlowSource.AUTO
) -> SlowReport:
    """The statements on this database of which at least one execution took longer than `over`.

    SQLite keeps no record of any.
    """
    if database.is_sqlite:
        gap = StatisticsGap(
            unknown="slow statements are",
            why="SQLite keeps no record of them",
            statement="EXPLAIN QUERY PLAN in front of a query shows how it is run",
        )
        return SlowReport(statements=(), gaps=(gap,), is_known=False)
    readers = {
        SlowSource.PERFORMANCE_SCHEMA: by_performance_schema,
        SlowSource.SLOW_LOG: by_slow_log,
    }
    wanted = list(readers) if source is SlowSource.AUTO else [source]
    gaps: list[StatisticsGap] = []
    with database.reading() as connection:
        for one in wanted:
            found = readers[one](connection, over)
            if not isinstance(found, StatisticsGap):
                return SlowReport(statements=found, gaps=gaps, is_known=True)
            gaps.append(found)
    return SlowReport(statements=(), gaps=gaps, is_known=False)
