"""Events: what waits, what is dead, what was sent, how long confirms take."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from savctl.domain.metrics.families import (
    MetricFamily,
    MetricKind,
    MetricSample,
    counter,
    gauge,
)
from savctl.domain.metrics.histogram import SUM, SUM_PARTS
from savctl.persistence.events import outbox_queue
from savctl.persistence.events.event_totals import (
    CONFIRM_BOUNDS,
    CONFIRM_SECONDS,
    PUBLISHED_TOTAL,
    REFUSED_TOTAL,
)
from savctl.usecases.metrics.subject import MetricSubject, Scrape

_OUTBOX = "savctl_outbox"
_TOTALS = "savctl_totals, raised in the transaction that marks the events"
_WAITING = gauge("savctl_events_waiting", "Events that are not sent yet.", _OUTBOX)
_DEAD = gauge("savctl_events_dead", "Events that were refused too often and set aside.", _OUTBOX)
_OLDEST = gauge(
    "savctl_events_oldest_age_seconds",
    "How long the oldest waiting event has waited; 0 when none waits.",
    _OUTBOX,
    unit="seconds",
)
_CONFIGURED = gauge(
    "savctl_broker_configured",
    "1 where a broker is configured; without one all events wait, which is no fault.",
    "the settings",
)
_PUBLISHED = counter(PUBLISHED_TOTAL, "Events that the broker confirmed.", _TOTALS)
_REFUSED = counter(
    REFUSED_TOTAL, "Refusals of events by the broker; an event may be refused often.", _TOTALS
)
_CONFIRM = MetricFamily(
    name=CONFIRM_SECONDS,
    help="From handing an event to the connection until the broker confirmed it.",
    unit="seconds",
    source=_TOTALS,
    kind=MetricKind.HISTOGRAM,
    bounds=CONFIRM_BOUNDS,
)


def _read(scrape: Scrape) -> Iterator[MetricSample]:
    counts = outbox_queue.waiting_counts(scrape.connection, now=scrape.now)
    yield _WAITING.sample(counts["waiting"])
    yield _DEAD.sample(counts["dead"])
    age: timedelta | None = counts["oldest_age"]
    yield _OLDEST.sample(age.total_seconds() if age is not None else 0)
    yield _CONFIGURED.sample(int(scrape.places.has_broker))
    yield _PUBLISHED.sample(scrape.total(PUBLISHED_TOTAL))
    yield _REFUSED.sample(scrape.total(REFUSED_TOTAL))
    for bucket in (*map(str, CONFIRM_BOUNDS), "+Inf"):
        yield _CONFIRM.sample(scrape.total(CONFIRM_SECONDS, bucket), bucket)
    yield _CONFIRM.sample(scrape.total(CONFIRM_SECONDS, SUM) / SUM_PARTS, SUM)


EVENTS = MetricSubject(
    name="events",
    families=(_WAITING, _DEAD, _OLDEST, _CONFIGURED, _PUBLISHED, _REFUSED, _CONFIRM),
    read=_read,
)
