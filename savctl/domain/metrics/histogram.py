"""How many values fell below which bound."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence

SUM = "sum"  # in millionths: totals are whole numbers
INFINITY = "+Inf"
SUM_PARTS = 1_000_000


class Histogram:
    """Counts by bound, each value in the smallest bucket that holds it."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._names = (*map(str, bounds), INFINITY)
        self._counts: Counter[str] = Counter()
        self._sum = 0.0

    def add(self, value: float) -> None:
        """One value more."""
        self._counts[self._names[bisect_left(self._bounds, value)]] += 1
        self._sum += value

    def taken(self) -> Mapping[str, int]:
        """What was counted since the last call."""
        counts = {**self._counts, SUM: round(self._sum * SUM_PARTS)} if self._counts else {}
        self._counts, self._sum = Counter(), 0.0
        return counts
