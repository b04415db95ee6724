"""How many promises were kept: counts and spans by group, in memory that does not grow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from savctl.domain.sla import Source
from savctl.domain.sla_clock import SideClock, SlaClock

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
        if side.is_met is None:
            self.pending += 1
            return
        self.met += side.is_met
        self.breached += not side.is_met
        self.spans.add(side.actual_minutes)

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
        if seen.timeline.source is Source.PARTIAL:
            self.partial += 1
            return
        self.response.add(seen.response)
        self.resolution.add(seen.resolution)

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
    total: Group = field(default_factory=Group)
    merged: int = 0

    def add(self, name: str, seen: SlaClock) -> None:
        """One ticket more."""
        if not seen.is_counted:
            self.merged += 1
            return
        self.groups.setdefault(name, Group()).add(seen)
        self.total.add(seen)

    def rows(self, order: Sequence[str] = ()) -> list[dict[str, object]]:
        """Every group, those of `order` first and in it, the others by name; then the total."""
        places = {name: place for place, name in enumerate(order)}
        names = sorted(self.groups, key=lambda name: (places.get(name, len(places)), name))
        found = [self.groups[name].row(name) for name in names]
        return [*found, self.total.row(TOTAL)]
