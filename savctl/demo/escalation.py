"""The SLA scan of a demo: run at the first minute after which it can find anything.

The real job comes every minute; in four months that is 175,000 times, nearly always for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from savctl.domain.imports.replay_plan import Deed
from savctl.persistence.engine import Database
from savctl.persistence.sla.scheduled_checks import next_look_at
from savctl.usecases.replay.timed_jobs import TimedJob, every

NAME = "sla-escalation"
_minute = every(1)


@dataclass(slots=True)
class EscalationJob(TimedJob):
    """A timed job whose slots follow from the alarms in the database."""

    database: Database | None = None
    _ran_at: datetime | None = None

    def record_move(self, deed: Deed, at: datetime) -> None:
        """Nothing to note: each change of a ticket sets its alarm."""

    @property
    def next_slot(self) -> datetime | None:
        """The first minute after an alarm, and after the run before."""
        if self.database is None:
            return None
        with self.database.reading() as connection:
            looks_at = next_look_at(connection)
        if looks_at is None:
            return None
        if self._ran_at is not None:
            looks_at = max(looks_at, self._ran_at + timedelta(minutes=1))
        return _minute(looks_at)

    def run_next(self) -> None:
        """Run it at its next slot."""
        slot = self.next_slot
        if slot is not None:
            self._ran_at = slot
            self.changed += self.run(slot)
            self.runs += 1
