"""Statements that took long, by their digests: no value of any row (rules 18.2)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from savctl.persistence.schema.server_info import server_of
from savctl.persistence.statistics.digest_text import digest_text
from savctl.persistence.statistics.sources import (
    StatisticsGap,
    global_values,
    is_on,
    performance_schema_gap,
    rows_or_gap,
)

_PICOSECONDS = 10**12
_LOGGED_AT_MOST = 50_000  # rows of the slow log that are read: it is a file without an index
_UNKNOWN = "slow statements are"
_DIGESTS = """
SELECT DIGEST, DIGEST_TEXT, COUNT_STAR, SUM_TIMER_WAIT, MAX_TIMER_WAIT, SUM_ROWS_EXAMINED,
  SUM_ROWS_SENT, SUM_NO_INDEX_USED, FIRST_SEEN, LAST_SEEN
FROM performance_schema.events_statements_summary_by_digest
WHERE SCHEMA_NAME = DATABASE() AND DIGEST IS NOT NULL AND MAX_TIMER_WAIT >= :over
ORDER BY SUM_TIMER_WAIT DESC
"""
_HISTOGRAMS = """
SELECT DIGEST, SUM(COUNT_BUCKET) FROM performance_schema.events_statements_histogram_by_digest
WHERE SCHEMA_NAME = DATABASE() AND BUCKET_TIMER_LOW >= :over AND COUNT_BUCKET > 0 GROUP BY DIGEST
"""
_LOGGED = f"""
SELECT CAST(sql_text AS CHAR CHARACTER SET utf8mb4), TIME_TO_SEC(query_time),
  MICROSECOND(query_time), rows_examined, rows_sent, start_time
FROM mysql.slow_log WHERE db = DATABASE() LIMIT {_LOGGED_AT_MOST:d}
"""  # noqa: S608 - a number of ours


@dataclass(slots=True, kw_only=True)
class SlowStatement:
    """One shape of statement: `slow` executions over the limit, None where nobody counted."""

    digest: str
    statement: str
    source: str
    calls: int = 0
    slow: int | None = None
    total_ms: float = 0.0
    max_ms: float = 0.0
    rows_examined: int = 0
    rows_sent: int = 0
    without_index: int | None = None
    first_seen: datetime | None = None
    last_seen: datetime | None = None


def by_performance_schema(
    connection: Connection, over: timedelta
) -> list[SlowStatement] | StatisticsGap:
    """What performance_schema knows since the server started, longest in all first."""
    gap = performance_schema_gap(
        connection, unknown=_UNKNOWN, table="setup_consumers", name="statements_digest"
    )
    if gap is not None:
        return gap
    values = {"over": int(over.total_seconds() * _PICOSECONDS)}
    found = rows_or_gap(
        connection, _DIGESTS, values, unknown=_UNKNOWN, grant_on="performance_schema.*"
    )
    if isinstance(found, StatisticsGap):
        return found
    slow = _slow_counts(connection, values)
    return [_of_digest(row, slow) for row in found]


def by_slow_log(connection: Connection, over: timedelta) -> list[SlowStatement] | StatisticsGap:
    """What stands in the table mysql.slow_log, longest in all first."""
    gap = slow_log_gap(connection, over)
    if gap is not None:
        return gap
    found = rows_or_gap(connection, _LOGGED, {}, unknown=_UNKNOWN, grant_on="mysql.slow_log")
    return found if isinstance(found, StatisticsGap) else _summed(found, over)


def slow_log_gap(connection: Connection, over: timedelta) -> StatisticsGap | None:
    """Why the slow log does not have every statement over the limit in its table, if so."""
    known = global_values(connection, "slow_query_log", "long_query_time", "log_output")
    seconds = over.total_seconds()
    is_logged = is_on(known.get("slow_query_log"))
    is_table = "TABLE" in known.get("log_output", "").upper()
    if is_logged and is_table and float(known.get("long_query_time", "10")) <= seconds:
        return None
    why = "the slow log is off" if not is_logged else "the slow log has no table"
    if is_logged and is_table:
        why = f"the slow log begins at {float(known.get('long_query_time', '10')):g} s"
    return StatisticsGap(
        unknown=_UNKNOWN,
        why=why,
        statement="SET GLOBAL slow_query_log = ON, GLOBAL log_output = 'TABLE', "
        f"GLOBAL long_query_time = {seconds:g}",
    )


def _slow_counts(connection: Connection, values: Mapping[str, Any]) -> Mapping[str, int] | None:
    """How often each was over the limit, by MySQL's histograms; MariaDB has none."""
    if server_of(connection).family != "mysql":
        return None
    found = rows_or_gap(
        connection, _HISTOGRAMS, values, unknown=_UNKNOWN, grant_on="performance_schema.*"
    )
    return None if isinstance(found, StatisticsGap) else {row[0]: int(row[1]) for row in found}


def _of_digest(row: Any, slow: Mapping[str, int] | None) -> SlowStatement:
    digest, statement, calls, total, most, examined, sent, unindexed, first, last = row
    return SlowStatement(
        digest=str(digest),
        statement=" ".join(str(statement).split()),
        source="performance_schema",
        calls=int(calls),
        slow=None if slow is None else slow.get(digest, 0),
        total_ms=float(total) * 1000 / _PICOSECONDS,
        max_ms=float(most) * 1000 / _PICOSECONDS,
        rows_examined=int(examined),
        rows_sent=int(sent),
        without_index=int(unindexed),
        first_seen=_utc(first),
        last_seen=_utc(last),
    )


def _summed(rows: Iterable[Any], over: timedelta) -> list[SlowStatement]:
    """The rows of the log by their digests: their values go here, before anybody sees them."""
    found: dict[str, SlowStatement] = {}
    for sql, seconds, micros, examined, sent, at in rows:
        took_ms = float(seconds) // 1 * 1000 + float(micros) / 1000
        if took_ms < over.total_seconds() * 1000:
            continue
        shape = digest_text(str(sql))
        key = hashlib.sha256(shape.encode()).hexdigest()
        known = found.setdefault(
            key, SlowStatement(digest=key, statement=shape, source="slow_log", slow=0)
        )
        moment = _utc(at)
        known.calls += 1
        known.slow = known.calls
        known.total_ms += took_ms
        known.max_ms = max(known.max_ms, took_ms)
        known.rows_examined += int(examined)
        known.rows_sent += int(sent)
        known.first_seen = min(filter(None, (known.first_seen, moment)), default=None)
        known.last_seen = max(filter(None, (known.last_seen, moment)), default=None)
    return sorted(found.values(), key=lambda one: -one.total_ms)


def _utc(value: object) -> datetime | None:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else None
