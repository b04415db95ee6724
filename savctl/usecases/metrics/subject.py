"""What a subject of metrics is, and what it reads from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from savctl.domain.metrics.families import MetricFamily, MetricSample
from savctl.domain.sla.policy import Policies
from savctl.persistence.engine import Database, OpenConnection
from savctl.persistence.metrics.figures import StoredFigure
from savctl.persistence.metrics.totals import TotalKey
from savctl.ports import Clock, Queues, system_clock


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricPlaces:
    """What is measured, and the little of the settings that measuring needs.

    `due` answers the first slot of each job that nobody has begun; `jobs` are all their names;
    `queues` asks the broker, which jobs do and scrapes never; `has_broker`: one is configured;
    `folder` is that of the files where they are in no bucket; `backup_kinds` are those that the
    settings ask for.
    """

    database: Database
    clock: Clock
    host_clock: Clock = system_clock
    policies: Callable[[], Policies] = Policies
    jobs: Sequence[str] = ()
    due: Callable[[], Mapping[str, datetime]] = dict
    queue_names: Sequence[str] = ()
    queues: Callable[[], Queues | None] = lambda: None
    has_broker: bool = False
    folder: Path | None = None
    backup_kinds: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrape:
    """One look at everything: what every subject shares; `tickets` is at most so many exist."""

    places: MetricPlaces
    connection: OpenConnection
    now: datetime
    totals: Mapping[TotalKey, int] = field(default_factory=dict)
    figures: Mapping[str, StoredFigure] = field(default_factory=dict)
    tickets: int = 0

    def total(self, name: str, *labels: str) -> int:
        """A counter; one that never counted anything is 0."""
        return self.totals.get((name, *labels), 0)

    def labels_of(self, name: str) -> list[tuple[str, ...]]:
        """The labels under which something was counted, in order."""
        return sorted(key[1:] for key in self.totals if key[0] == name)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSubject:
    """Families that belong together; `needs_schema`: they read savctl's own tables."""

    name: str
    families: tuple[MetricFamily, ...]
    read: Callable[[Scrape], Iterable[MetricSample]]
    needs_schema: bool = True
