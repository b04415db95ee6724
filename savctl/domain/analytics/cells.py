"""Figures by day, category and priority, added up ticket by ticket.

Memory grows with the cells, not with the tickets: a ticket leaves counts and, for the
percentiles, four bytes for each of its two spans.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from savctl.domain.analytics.figures import TicketFigures
from savctl.domain.sla.statistics import Spans

_DAY = timedelta(days=1)
_MOST_MINUTES = 2**32 - 1


class CellGroup(NamedTuple):
    """What a row is about beside its day; None for none, and for a priority that there is not."""

    category: str | None
    priority: str | None


@dataclass(slots=True)
class Cell:
    """One day of a group. `tickets` is its size: the tickets that have a figure in it."""

    tickets: int = 0
    backlog: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    minutes: dict[str, array[int]] = field(default_factory=dict)

    def add_span(self, figure: str, minutes: int) -> None:
        """One span more."""
        if figure not in self.minutes:
            self.minutes[figure] = array("I")
        self.minutes[figure].append(min(minutes, _MOST_MINUTES))

    def add_all(self, other: Cell) -> None:
        """The figures of another cell, its backlog left out: that is a level, no sum."""
        self.tickets += other.tickets
        self.counts.update(other.counts)
        for figure, minutes in other.minutes.items():
            self.minutes.setdefault(figure, array("I")).extend(minutes)

    def percentile(self, figure: str, percent: int) -> int | None:
        """By nearest rank; None without any span."""
        spans = Spans()
        spans.counts.update(self.minutes.get(figure, ()))
        return spans.percentile(percent)


@dataclass(slots=True)
class _Life:
    """The days of a group: what happened, and by how much the backlog changed (-1: before)."""

    days: dict[int, Cell] = field(default_factory=dict)
    changes: Counter[int] = field(default_factory=Counter)


class Cells:
    """All cells of a span of whole days."""

    def __init__(self, since: datetime, until: datetime) -> None:
        self.since = since
        self.until = until
        self._groups: dict[CellGroup, _Life] = {}

    def add(self, group: CellGroup, found: TicketFigures) -> None:
        """One ticket more."""
        changes: Counter[int] = Counter()
        for at, change in found.backlog:
            if at < self.until:
                changes[self._day(at)] += change
        events = [e for e in found.events if self.since <= e.at < self.until]
        changes = Counter({day: change for day, change in changes.items() if change})
        if not events and not changes:
            return
        life = self._groups.setdefault(group, _Life())
        for day, change in changes.items():
            life.changes[day] += change
        for day in {self._day(event.at) for event in events}:
            cell = life.days.setdefault(day, Cell())
            held = sum(change for when, change in changes.items() if when <= day)
            cell.tickets += held <= 0  # who is in the backlog at its end is counted with that
        for at, figure, minutes in events:
            cell = life.days[self._day(at)]
            if minutes is None:
                cell.counts[figure] += 1
            else:
                cell.add_span(figure, minutes)

    def between(self, since: datetime, until: datetime) -> Iterator[tuple[int, CellGroup, Cell]]:
        """Every cell with a ticket in it from one day until another: its day, counted from
        `since`, its group and its figures. In no order.
        """
        first, last = self._day(since), self._day(until)
        for group, life in self._groups.items():
            backlog = sum(change for day, change in life.changes.items() if day < first)
            for day in range(first, last):
                backlog += life.changes.get(day, 0)
                happened = life.days.get(day)
                if happened is None and backlog <= 0:
                    continue
                cell = Cell(tickets=max(backlog, 0), backlog=max(backlog, 0))
                if happened is not None:
                    cell.add_all(happened)
                yield day - first, group, cell

    def _day(self, moment: datetime) -> int:
        return max((moment - self.since) // _DAY, -1)
