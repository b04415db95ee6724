"""The two timed closings under a moving clock: each is run at its first slot at which anything
can be due.

Every other slot of its timetable would find nothing to do: what is due at a slot became due
after the slot before it. So a run at each of those is the same as a run at all of them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from savctl.domain.imports.replay_plan import Deed
from savctl.domain.tickets.closing import ClosingLimits
from savctl.persistence.engine import Database
from savctl.ports import Clock
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.tickets.closing import close_resolved, close_silent

# The first slot at or after an instant; None when there is none any more.
Timetable = Callable[[datetime], datetime | None]
# Runs the job now (its clock stands at the slot); answers how many tickets it changed.
Run = Callable[[datetime], int]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
AUTO_CLOSE, CLOSE_RESOLVED = "auto-close", "close-resolved"
# Deeds after which a ticket's silence or confirmation window may begin.
STARTS = {
    AUTO_CLOSE: frozenset({Deed.WAIT, Deed.REPLY, Deed.ANSWER}),
    CLOSE_RESOLVED: frozenset({Deed.RESOLVE}),
}


@dataclass(slots=True)
class TimedJob:
    """A job, how long what it looks at must last, and the slots at which it is to be run."""

    name: str
    limit: timedelta
    timetable: Timetable
    run: Run
    changed: int = 0
    runs: int = 0
    _slots: deque[datetime] = field(default_factory=deque)

    def record_move(self, deed: Deed, at: datetime) -> None:
        """Something happened; instants only go forward."""
        if deed not in STARTS[self.name]:
            return
        slot = self.timetable(at + self.limit)
        if slot is not None and (not self._slots or slot > self._slots[-1]):
            self._slots.append(slot)

    @property
    def next_slot(self) -> datetime | None:
        """When it is to be run next."""
        return self._slots[0] if self._slots else None

    def run_next(self) -> None:
        """Run it at its next slot."""
        self.changed += self.run(self._slots.popleft())
        self.runs += 1


def every(minutes: int, *, past: int = 0) -> Timetable:
    """Slots `past` minutes past each multiple of so many minutes, as `*/15` in cron."""
    step, start = timedelta(minutes=minutes), _EPOCH + timedelta(minutes=past)

    def first(moment: datetime) -> datetime:
        return start - (start - moment) // step * step

    return first


def at(times: Sequence[datetime]) -> Timetable:
    """Slots as they were recorded."""
    known = sorted(times)

    def first(moment: datetime) -> datetime | None:
        index = bisect_left(known, moment)
        return known[index] if index < len(known) else None

    return first


def closings(database: Database, clock: Clock, limits: ClosingLimits) -> dict[str, Run]:
    """Both closings as runs on this database, without the backlog brake.

    A replay asks for no person's word: it writes into a database made for it.
    """

    def silent(_: datetime) -> int:
        report = BatchReport()
        close_silent(database, clock, limits=limits, terms=BatchContext(report=report))
        return report.changed

    def resolved(_: datetime) -> int:
        report = BatchReport()
        close_resolved(database, clock, limits=limits, terms=BatchContext(report=report))
        return report.changed

    return {AUTO_CLOSE: silent, CLOSE_RESOLVED: resolved}
