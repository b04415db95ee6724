"""How many promises were kept: counts and spans by group, in memory that does not grow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from savctl.domain.sla.clock import SideClock, SlaClock
from savctl.domain.sla.targets import ClockSource

TOTAL = "total"


@dataclass(slots=True)
class Spans:
    """Whole minutes and how often each came: exact, and bounded by the longest span."""

    counts: Counter[int] = field(default_factory=Counter)

    def add(self, minutes: int) -> None:
        """One span more."""
        self.counts[minutes] += 1

    def percentile(self, percent: int) -> int | None:
        """The smallest span that `percent` of all do not exceed (nearest rank)."""
        rank, seen = -(-self.counts.total() * percent // 100), 0
        for minutes in sorted(self.counts):
            seen += self.counts[minutes]
            if seen >= rank:
                return minutes
        return None


@dataclass(slots=True)
class SideTally:
    """One of the two clocks over many tickets; `spans` are of those that are decided."""

    met: int = 0
    breached: int = 0
    pending: int = 0
    spans: Spans = field(default_factory=Spans)

    def add(self, side: SideClock) -> None:
        """One ticket more."""
        is_met = side.is_met
        if is_met is None:
            self.pending += 1
            return
        self.met += is_met
        self.breached += not is_met
        self.spans.add(side.actual_minutes)

    def add_all(self, other: SideTally) -> None:
        """All the tickets of another tally."""
        self.met += other.met
        self.breached += other.breached
        self.pending += other.pending
        self.spans.counts.update(other.spans.counts)

    @property
    def met_percent(self) -> float | None:
        """The share that was kept of what is decided, to a tenth."""
        decided = self.met + self.breached
        return round(100 * self.met / decided, 1) if decided else None

    def row(self, name: str) -> Iterator[tuple[str, object]]:
        """The columns of a report."""
        yield f"{name}_met", self.met
        yield f"{name}_breached", self.breached
        yield f"{name}_pending", self.pending
        yield f"{name}_met_percent", self.met_percent
        yield f"{name}_median_minutes", self.spans.percentile(50)
        yield f"{name}_p90_minutes", self.spans.percentile(90)


@dataclass(slots=True)
class Group:
    """The tickets of one group; a history that contradicts its ticket is only counted."""

    tickets: int = 0
    partial: int = 0
    response: SideTally = field(default_factory=SideTally)
    resolution: SideTally = field(default_factory=SideTally)

    def add(self, seen: SlaClock) -> None:
        """One ticket more."""
        self.tickets += 1
        if seen.timeline.source is ClockSource.PARTIAL:
            self.partial += 1
            return
        self.response.add(seen.response)
        self.resolution.add(seen.resolution)

    def add_all(self, other: Group) -> None:
        """All the tickets of another group."""
        self.tickets += other.tickets
        self.partial += other.partial
        self.response.add_all(other.response)
        self.resolution.add_all(other.resolution)

    def row(self, name: str) -> dict[str, object]:
        """The group as a row of a report."""
        return {
            "group": name,
            "tickets": self.tickets,
            **dict(self.response.row("response")),
            **dict(self.resolution.row("resolution")),
            "partial": self.partial,
        }


@dataclass(slots=True)
class SlaStatistics:
    """Groups and their total; merged tickets have left the statistics (rules 6.3)."""

    groups: dict[str, Group] = field(default_factory=dict)
    merged: int = 0

    def add(self, name: str, seen: SlaClock) -> None:
        """One ticket more."""
        if not seen.is_counted:
            self.merged += 1
            return
        group = self.groups.get(name)
        if group is None:
            group = self.groups[name] = Group()
        group.add(seen)

    @property
    def total(self) -> Group:
        """All groups as one."""
        total = Group()
        for group in self.groups.values():
            total.add_all(group)
        return total

    def rows(self, order: Sequence[str] = ()) -> list[dict[str, object]]:
        """Every group, those of `order` first and in it, the others by name; then the total."""
        places = {name: place for place, name in enumerate(order)}
        names = sorted(self.groups, key=lambda name: (places.get(name, len(places)), name))
        found = [self.groups[name].row(name) for name in names]
        return [*found, self.total.row(TOTAL)]
