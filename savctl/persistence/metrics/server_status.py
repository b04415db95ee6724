"""What a database server counts of itself: connections, slow statements, use of indexes."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from savctl.persistence.driver_errors import is_refused

SLOW_SECONDS = 0.1  # rules 18.2


def connection_counts(connection: Connection) -> Mapping[str, int]:
    """The connections that are open and those that may be; nothing on SQLite."""
    if connection.dialect.name == "sqlite":
        return {}
    used = connection.execute(text("SHOW GLOBAL STATUS LIKE 'Threads_connected'")).first()
    allowed = connection.execute(text("SELECT @@global.max_connections")).scalar_one()
    return {"used": int(used[1]) if used else 0, "allowed": int(allowed)}


def count_slow_queries(connection: Connection) -> int | None:
    """Statements over 100 ms since the server started, where it counts by time; else those over
    its long_query_time. None on SQLite.
    """
    if connection.dialect.name == "sqlite":
        return None
    by_time = _over_100_ms(connection)
    if by_time is not None:
        return by_time
    row = connection.execute(text("SHOW GLOBAL STATUS LIKE 'Slow_queries'")).first()
    return int(row[1]) if row else None


def _over_100_ms(connection: Connection) -> int | None:
    """By MySQL's histogram of statements, whose bounds are picoseconds; MariaDB has none."""
    if connection.dialect.name == "mariadb" or getattr(connection.dialect, "is_mariadb", False):
        return None
    query = text(
        "SELECT SUM(COUNT_BUCKET) FROM performance_schema.events_statements_histogram_global "
        "WHERE BUCKET_TIMER_LOW >= :bound"
    )
    try:
        found = connection.execute(query, {"bound": int(SLOW_SECONDS * 1e12)}).scalar()
    except DBAPIError as problem:
        if is_refused(problem):
            return None
        raise
    return None if found is None else int(found)
