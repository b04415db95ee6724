"""What was refused: by role, by token, by rate."""

from __future__ import annotations

from collections.abc import Iterator

from savctl.domain.metrics.families import MetricSample, counter
from savctl.persistence.metrics.refusals import REFUSALS_TOTAL, RefusalKind
from savctl.usecases.metrics.subject import MetricSubject, Scrape

_REFUSALS = counter(
    REFUSALS_TOTAL,
    "Commands that were refused: not for the role, a bad token, too many in a minute.",
    "savctl_totals, raised with each refusal",
    "kind",
)


def _read(scrape: Scrape) -> Iterator[MetricSample]:
    for kind in RefusalKind:
        yield _REFUSALS.sample(scrape.total(REFUSALS_TOTAL, str(kind)), str(kind))


ACCESS = MetricSubject(name="access", families=(_REFUSALS,), read=_read)
