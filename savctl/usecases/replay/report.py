"""What a replay met: counts, and a mark for each ticket that had a refusal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

Move = tuple[str, str]


@dataclass(slots=True)
class ReplayReport:
    """What a replay met. `applied` and `refused` count status changes by (from, to); `others`
    counts refusals that are none, by deed. `clean` cases had no refused status change."""

    events: int = 0
    cases: int = 0
    clean: int = 0
    unchanged: int = 0
    messages: int = 0
    applied: Counter[Move] = field(default_factory=Counter)
    refused: Counter[Move] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)
    runs: Counter[str] = field(default_factory=Counter)
    closed: Counter[str] = field(default_factory=Counter)
    final: dict[str, int] = field(default_factory=dict)
    first_at: datetime | None = None
    last_at: datetime | None = None


def merge(report: ReplayReport, one: ReplayReport) -> None:
    """Add the counts of a batch."""
    for name in ("events", "cases", "unchanged", "messages"):
        setattr(report, name, getattr(report, name) + getattr(one, name))
    for name in ("applied", "refused", "others"):
        getattr(report, name).update(getattr(one, name))


class Marks:
    """A bit for each ticket that had a refusal: flat, however long the log."""

    def __init__(self) -> None:
        self._base: int | None = None
        self._bytes = bytearray()

    def add(self, new: Iterable[int], marked: Iterable[int]) -> None:
        """Mark tickets; `new` are known before they are marked."""
        for ticket_id in new:
            self._base = ticket_id if self._base is None else self._base
        for ticket_id in marked:
            at, bit = divmod(ticket_id - (self._base or 0), 8)
            self._bytes.extend(bytes(max(at + 1 - len(self._bytes), 0)))
            self._bytes[at] |= 1 << bit

    def count(self) -> int:
        """How many are marked."""
        return sum(byte.bit_count() for byte in self._bytes)
