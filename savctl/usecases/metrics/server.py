"""The database server: connections and slow statements; SQLite has neither."""

from __future__ import annotations

from collections.abc import Iterator

from savctl.domain.metrics.families import MetricSample, counter, gauge
from savctl.persistence.metrics import server_status
from savctl.usecases.metrics.subject import MetricSubject, Scrape

_CONNECTIONS = gauge(
    "savctl_db_connections",
    "Connections to the server: those in use by anybody, and those allowed.",
    "Threads_connected and max_connections; not on SQLite",
    "state",
)
_SLOW = counter(
    "savctl_db_slow_queries_total",
    "Statements over 100 ms since the server started; over its long_query_time on MariaDB.",
    "performance_schema.events_statements_histogram_global, else Slow_queries; not on SQLite",
)


def _read(scrape: Scrape) -> Iterator[MetricSample]:
    for state, count in server_status.connection_counts(scrape.connection).items():
        yield _CONNECTIONS.sample(count, state)
    slow = server_status.count_slow_queries(scrape.connection)
    if slow is not None:
        yield _SLOW.sample(slow)


SERVER = MetricSubject(name="server", families=(_CONNECTIONS, _SLOW), read=_read)
