"""Erasures by how urgent they are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from savctl.domain.metrics.families import MetricSample, gauge
from savctl.domain.privacy.erasure import UNFINISHED, ErasureState
from savctl.persistence.privacy.erasure.ledger import Erasures
from savctl.usecases.metrics.subject import MetricSubject, Scrape

_SOON = timedelta(days=7)
_ERASURES = gauge(
    "savctl_erasures",
    "Erasures that are not done: all open ones, those due within 7 days, late ones, and rests "
    "kept by legal holds.",
    "savctl_erasures",
    "state",
)


def _read(scrape: Scrape) -> Iterator[MetricSample]:
    found = Erasures(scrape.connection).in_states(UNFINISHED)
    at_work = [one for one in found if one.state != ErasureState.HELD]
    now = scrape.now
    soon = sum(now <= one.due_at <= now + _SOON for one in at_work)
    yield _ERASURES.sample(len(at_work), "open")
    yield _ERASURES.sample(soon, "due_soon")
    yield _ERASURES.sample(sum(one.due_at < now for one in at_work), "late")
    yield _ERASURES.sample(len(found) - len(at_work), "held")


ERASURES_OPEN = MetricSubject(name="erasures", families=(_ERASURES,), read=_read)
