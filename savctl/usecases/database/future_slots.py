"""`db check`: slots and first sights of jobs that a host whose clock was ahead wrote (rules 20.9).

Nothing waits for them, but when their time comes that slot would count as done.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from savctl.domain.clock import second_text
from savctl.persistence.engine import Database
from savctl.persistence.jobs import runs, schedules
from savctl.persistence.jobs.runs import RunStatus
from savctl.persistence.schema import server_info
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.usecases.operation import Operation

CHECK = "slot-in-future"


@dataclass(frozen=True, slots=True, kw_only=True)
class FutureSlot:
    """A row of the schedule whose time has not come; without a run id it is a first sight."""

    job: str
    at: datetime
    run_id: int | None = None
    host: str | None = None

    @property
    def detail(self) -> str:
        """The row in words."""
        if self.run_id is None:
            return f"{self.job} known since {second_text(self.at)}"
        return f"{self.job} slot {second_text(self.at)} begun by {self.host}"


def future_slots(database: Database) -> list[FutureSlot]:
    """All of them, but those of a run that is still at work."""
    with database.reading() as connection:
        now = server_info.now(connection)
        found = runs.slots_after(connection, now)
        known = schedules.known_after(connection, now)
    return [*_of_runs(found), *(FutureSlot(job=job, at=at) for job, at in known.items())]


def remove_future_slot(op: Operation, slot: FutureSlot) -> bool:
    """Remove one and note it in the audit; False when it is gone or changed meanwhile."""

    def work(uow: UnitOfWork) -> bool:
        if slot.run_id is None:
            is_gone = schedules.forget_job(uow.connection, slot.job, known_since=slot.at)
        else:
            is_gone = runs.forget_slot(uow.connection, slot.run_id, slot=slot.at)
        if is_gone:
            repair = {"check": CHECK, "from": slot.detail, "to": None}
            details = {"job": slot.job, "run_id": slot.run_id, "repairs": [repair]}
            uow.audit.note("repaired", actor=op.actor, at=op.clock(), details=details)
        return is_gone

    return in_transaction(op.database, work, dry_run=op.dry_run)


def _of_runs(found: list[runs.Run]) -> Iterator[FutureSlot]:
    for run in found:
        if run.status is not RunStatus.RUNNING and run.scheduled_for is not None:
            yield FutureSlot(job=run.job, at=run.scheduled_for, run_id=run.id, host=run.host)
