"""A run begins in the transaction that takes its job's lease, and ends behind the lease's fence.

A unique (job, slot) decides who runs a slot: there is one row for it, on whatever host.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, delete, insert, select, update

from savctl.errors import Refused
from savctl.persistence.clock_guard import ClockGuard
from savctl.persistence.jobs import leases
from savctl.persistence.jobs.lease import Lease
from savctl.persistence.jobs.run_counts import COUNTS, count_items, count_run
from savctl.persistence.jobs.runs import DEAD, FINISHED, RunStatus, StartedBy, find_slot
from savctl.persistence.schema.tables import runs
from savctl.persistence.tickets.tickets import new_id

_R = runs.c
_ERROR_CHARACTERS = 10_000
UNEVENTFUL_KEPT = timedelta(days=7)
_FORGOTTEN = 200  # at one ending, so that an ending stays short


class SlotTaken(Refused):
    """The slot has been run already, here or on another host."""

    code = "slot_taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What is written down when a run ends; `report` is its JSON object.

    `counts` are those that are not in the row yet.
    """

    status: RunStatus
    counts: Mapping[str, int]
    report: Mapping[str, object]
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """Who starts a job, for which slot; `seconds` is how long the lease lasts.

    The clock is read once the lease is ours: a start that waited for the end of another run
    must not look as if it had overlapped it.
    """

    job: str
    owner: str
    host: str
    seconds: int
    clock: Callable[[], datetime]
    started_by: StartedBy = StartedBy.HAND
    slot: datetime | None = None
    clock_guard: ClockGuard | None = None


def begin(connection: Connection, beginning: Beginning) -> Lease:
    """Take the job's lease and write its run down, both or none; the lease knows its run.

    Runs that died become `abandoned`; a slot whose earlier attempt died or was interrupted is
    continued in its row.

    Raises:
        AlreadyRunning: somebody holds the lease.
        SlotTaken: the slot was run to its end already.
        ClockOff: this host's clock is too far from the database's.
    """
    if beginning.clock_guard is not None:
        beginning.clock_guard.require(connection)
    lease = leases.acquire(
        connection, beginning.job, owner=beginning.owner, seconds=beginning.seconds
    )
    lease.clock_guard = beginning.clock_guard  # asked at each batch: clocks are set meanwhile
    now = beginning.clock()
    _abandon_dead(connection, beginning.job, at=now)
    values: dict[str, Any] = {
        "job": beginning.job,
        "scheduled_for": beginning.slot,
        "started_by": str(beginning.started_by),
        "status": str(RunStatus.RUNNING),
        "host": beginning.host,
        "token": lease.token,
        "started_at": now,
    }
    earlier = find_slot(connection, beginning.job, beginning.slot) if beginning.slot else None
    if earlier is None:
        lease.run_id = new_id(connection.execute(insert(runs).values(**values)))
        return lease
    if earlier.status in FINISHED:
        raise SlotTaken(
            f"{beginning.job} has done its slot of {beginning.slot:%Y-%m-%d %H:%M}Z already",
            job=beginning.job,
            run_id=earlier.id,
        )
    values |= {"attempt": earlier.attempt + 1, "finished_at": None, "error": None}
    connection.execute(update(runs).where(_R.id == earlier.id).values(**values))
    lease.run_id = earlier.id
    return lease


def end(connection: Connection, lease: Lease, ending: Ending, *, at: datetime) -> None:
    """Write down how the run ended and give the lease back; counts add to earlier attempts'.

    Raises:
        LeaseLost: another host holds the job by now; its word counts.
    """
    lease.pass_fence(connection)
    counts = ending.counts
    connection.execute(
        update(runs)
        .where(_R.id == lease.run_id, _R.token == lease.token)
        .values(
            status=str(ending.status),
            finished_at=at,
            left_over=counts["left"],
            report=json.dumps(ending.report, ensure_ascii=False),
            error=ending.error[:_ERROR_CHARACTERS] if ending.error else None,
            **{name: _R[name] + counts[name] for name in COUNTS},
        )
    )
    count_items(connection, lease.name, counts)
    count_run(connection, lease.name, ending.status)
    _forget_uneventful(connection, lease, at=at)
    leases.release(connection, lease)


def _forget_uneventful(connection: Connection, lease: Lease, *, at: datetime) -> None:
    """Drop old rows of runs that went well and had nothing to do: 1,440 a day for some jobs.

    Slots are counted on from the newest row, which stays.
    """
    nothing = and_(_R.changed == 0, _R.skipped == 0, _R.failed == 0)
    old = and_(_R.job == lease.name, _R.id < lease.run_id, _R.started_at < at - UNEVENTFUL_KEPT)
    query = select(_R.id).where(old, nothing, _R.status == str(RunStatus.OK)).limit(_FORGOTTEN)
    ids = list(connection.execute(query).scalars())
    if ids:
        connection.execute(delete(runs).where(_R.id.in_(ids)))


def _abandon_dead(connection: Connection, job: str, *, at: datetime) -> None:
    """Whoever holds the lease knows that every other run of the job is dead."""
    dead = connection.execute(
        update(runs)
        .where(_R.job == job, _R.status == str(RunStatus.RUNNING))
        .values(status=str(RunStatus.ABANDONED), finished_at=at, error=DEAD)
    )
    for _ in range(dead.rowcount):
        count_run(connection, job, RunStatus.ABANDONED)
