"""Messages of other services: taken in, dead, and how late they are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from savctl.domain.metrics.families import MetricSample, counter, gauge
from savctl.persistence.sync.dead import DeadMessages
from savctl.persistence.sync.inbox import MESSAGES_TOTAL
from savctl.usecases.metrics.figures import Figure
from savctl.usecases.metrics.subject import MetricPlaces, MetricSubject, Scrape
from savctl.usecases.sync.status import queue_reports

_MESSAGES = counter(
    MESSAGES_TOTAL,
    "Messages that were taken in, by what became of them.",
    "savctl_totals, raised in the transaction that takes them in",
    *("queue", "outcome"),
)
_DEAD = gauge("savctl_sync_dead", "Messages that were set aside.", "savctl_dead_messages")
_LAG = gauge(
    "savctl_sync_lag_seconds",
    "Age of the oldest message that waits in the queue, by its own time; 0 when none waits.",
    "the broker, asked after event-relay",
    "queue",
    unit="seconds",
)


def _count(places: MetricPlaces) -> Iterator[MetricSample]:
    broker = places.queues()
    if broker is None:
        return
    for report in queue_reports(places.database, broker, places.clock, places.queue_names):
        if report.exists:
            age = report.oldest_age or timedelta()
            yield _LAG.sample(age.total_seconds(), report.queue)


def _read(scrape: Scrape) -> Iterator[MetricSample]:
    for queue, outcome in scrape.labels_of(MESSAGES_TOTAL):
        yield _MESSAGES.sample(scrape.total(MESSAGES_TOTAL, queue, outcome), queue, outcome)
    yield _DEAD.sample(sum(DeadMessages(scrape.connection).counts().values()))


SYNC = MetricSubject(name="messages", families=(_MESSAGES, _DEAD), read=_read)
QUEUE_LAG = Figure(
    name="sync",
    families=(_LAG,),
    job="event-relay",
    every=timedelta(seconds=30),
    live_up_to=0,
    count=_count,
)
