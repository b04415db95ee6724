"""Figures that take long to count, and which job counts them (rules 18.1).

On a small database they are counted by the scrape itself, so that a new installation needs no
job; on a larger one a scrape only reads what a job has counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from savctl.domain.metrics.families import MetricFamily, MetricSample
from savctl.usecases.metrics.subject import MetricPlaces, MetricSubject, Scrape


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A group of figures: the job after whose runs it is counted, and how often at most.

    Up to `live_up_to` tickets a scrape counts it by itself; 0 never.
    """

    name: str
    families: tuple[MetricFamily, ...]
    job: str
    every: timedelta
    live_up_to: int
    count: Callable[[MetricPlaces], Iterable[MetricSample]]

    def subject(self) -> MetricSubject:
        """What a scrape reads of it."""
        return MetricSubject(name=self.name, families=self.families, read=self._read)

    def _read(self, scrape: Scrape) -> Iterator[MetricSample]:
        if scrape.tickets <= self.live_up_to:
            yield from self.count(scrape.places)
        else:
            yield from stored_samples(scrape, self.name, self.families)


def stored_samples(
    scrape: Scrape, name: str, families: tuple[MetricFamily, ...]
) -> Iterator[MetricSample]:
    """What a job has counted; families of another release are left out."""
    known = {family.name: family for family in families}
    stored = scrape.figures.get(name)
    for family, labels, value in stored.rows if stored else ():
        if family in known and len(labels) == len(known[family].labels):
            yield known[family].sample(value, *labels)
