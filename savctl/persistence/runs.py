"""The history of job runs; a unique (job, slot) decides who runs a slot (rules 10.3, 10.4).

A *slot* is an instant at which a job was due by its schedule; a run by hand has none. Whoever
writes here holds the job's lease: `start` in the lease's own transaction, `finish` behind its
fence.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, insert, literal_column, select, update

from savctl.errors import NotFound, Refused
from savctl.persistence.engine import server_now
from savctl.persistence.leases import Lease
from savctl.persistence.tables import leases, runs

_R = runs.c
_COLUMNS = tuple(column for column in _R if column.name != "report")
_COUNTS = ("seen", "changed", "skipped", "failed")
_ERROR_CHARACTERS = 10_000
_DEAD = "the process died or lost its lease; what it had committed stays done"


class RunStatus(StrEnum):
    """How a run ended, or that it has not."""

    RUNNING = "running"
    OK = "ok"
    PARTLY = "partly"
    BRAKED = "braked"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    ABANDONED = "abandoned"


# A slot that ended in one of these is over; the others are continued by a later attempt.
FINISHED = frozenset({RunStatus.OK, RunStatus.PARTLY, RunStatus.BRAKED, RunStatus.FAILED})


class StartedBy(StrEnum):
    """Who asked for a run."""

    HAND = "hand"
    CRON = "cron"
    SCHEDULER = "scheduler"


class SlotTaken(Refused):
    """The slot has been run already, here or on another host."""

    code = "slot_taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One row without its report; the counts are those of all attempts that came to an end.

    A run that says `running` while nobody holds its lease is read as `abandoned`: its process
    died, and the next run of the job writes that down.
    """

    id: int
    job: str
    scheduled_for: datetime | None
    started_by: str
    status: RunStatus
    attempt: int
    host: str
    started_at: datetime
    finished_at: datetime | None
    seen: int
    changed: int
    skipped: int
    failed: int
    left: int
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What is written down when a run ends; `report` is its JSON object."""

    status: RunStatus
    counts: Mapping[str, int]
    report: Mapping[str, object]
    error: str | None = None


def start(
    connection: Connection,
    lease: Lease,
    *,
    slot: datetime | None,
    started_by: StartedBy,
    host: str,
    at: datetime,
) -> Run:
    """Write down that the holder of the lease begins; dead runs of the job become `abandoned`.

    A slot whose earlier attempt died or was interrupted is continued in its row.

    Raises:
        SlotTaken: the slot was run to its end already.
    """
    _abandon_dead(connection, lease, at)
    values: dict[str, Any] = {
        "job": lease.name,
        "scheduled_for": slot,
        "started_by": str(started_by),
        "status": str(RunStatus.RUNNING),
        "host": host,
        "token": lease.token,
        "started_at": at,
    }
    earlier = find_slot(connection, lease.name, slot) if slot is not None else None
    if earlier is None:
        result = connection.execute(insert(runs).values(**values))
        return find(connection, int(result.lastrowid))
    if earlier.status in FINISHED:
        raise SlotTaken(
            f"{lease.name} has done its slot of {slot:%Y-%m-%d %H:%M}Z already",
            job=lease.name,
            run_id=earlier.id,
        )
    values |= {"attempt": earlier.attempt + 1, "finished_at": None, "error": None}
    connection.execute(update(runs).where(_R.id == earlier.id).values(**values))
    return find(connection, earlier.id)


def finish(
    connection: Connection, lease: Lease, run_id: int, ending: Ending, *, at: datetime
) -> None:
    """Write down how the run ended; counts add to those of earlier attempts.

    Raises:
        LeaseLost: another host holds the job by now; its word counts.
    """
    lease.check(connection)
    counts = ending.counts
    connection.execute(
        update(runs)
        .where(_R.id == run_id, _R.token == lease.token)
        .values(
            status=str(ending.status),
            finished_at=at,
            left_over=counts["left"],
            report=json.dumps(ending.report, ensure_ascii=False),
            error=ending.error[:_ERROR_CHARACTERS] if ending.error else None,
            **{name: _R[name] + counts[name] for name in _COUNTS},
        )
    )


def find(connection: Connection, run_id: int) -> Run:
    """One run.

    Raises:
        NotFound: no such run.
    """
    run = _first(connection, _query(connection).where(_R.id == run_id))
    if run is None:
        raise NotFound(f"no run {run_id}", hint="savctl job history lists them.", run_id=run_id)
    return run


def find_slot(connection: Connection, job: str, slot: datetime) -> Run | None:
    """The run of this slot, if there is one."""
    return _first(connection, _query(connection).where(_R.job == job, _R.scheduled_for == slot))


def last_slot(connection: Connection, job: str) -> Run | None:
    """The run of the newest slot that was begun."""
    newest = select(func.max(_R.scheduled_for)).where(_R.job == job).scalar_subquery()
    return _first(connection, _query(connection).where(_R.job == job, _R.scheduled_for == newest))


def last_run(connection: Connection, job: str) -> Run | None:
    """The run that was begun last, by whomever."""
    found = history(connection, job, limit=1)
    return found[0] if found else None


def last_error(connection: Connection, job: str) -> Run | None:
    """The newest run that left an error."""
    query = _query(connection).where(_R.job == job, _R.error.is_not(None))
    return _first(connection, query.order_by(*_NEWEST_FIRST).limit(1))


def history(
    connection: Connection, job: str | None = None, *, limit: int | None = None
) -> list[Run]:
    """Runs, newest first."""
    query = _query(connection).order_by(*_NEWEST_FIRST)
    if job is not None:
        query = query.where(_R.job == job)
    if limit is not None:
        query = query.limit(limit)
    return [_to_run(row) for row in connection.execute(query)]


def report(connection: Connection, run_id: int) -> Mapping[str, object] | None:
    """The report that a run left when it ended."""
    stored = connection.execute(select(_R.report).where(_R.id == run_id)).scalar()
    return json.loads(stored) if stored else None


_NEWEST_FIRST = (_R.started_at.desc(), _R.id.desc())


def _abandon_dead(connection: Connection, lease: Lease, at: datetime) -> None:
    """Whoever holds the lease knows that every other run of the job is dead."""
    connection.execute(
        update(runs)
        .where(_R.job == lease.name, _R.status == str(RunStatus.RUNNING))
        .values(status=str(RunStatus.ABANDONED), finished_at=at, error=_DEAD)
    )


def _query(connection: Connection) -> Select[Any]:
    """Rows, each with the token of its job's living lease: a dead run has another one."""
    now: Any = literal_column(server_now(connection))
    alive = and_(leases.c.name == _R.job, leases.c.owner.is_not(None), leases.c.expires_at > now)
    return select(*_COLUMNS, leases.c.token.label("living_token")).outerjoin(leases, alive)


def _first(connection: Connection, query: Select[Any]) -> Run | None:
    row = connection.execute(query).first()
    return _to_run(row) if row else None


def _to_run(row: Row[Any]) -> Run:
    status = RunStatus(row.status)
    is_dead = status is RunStatus.RUNNING and row.living_token != row.token
    return Run(
        id=row.id,
        job=row.job,
        scheduled_for=row.scheduled_for,
        started_by=row.started_by,
        status=RunStatus.ABANDONED if is_dead else status,
        attempt=row.attempt,
        host=row.host,
        started_at=row.started_at,
        finished_at=row.finished_at,
        seen=row.seen,
        changed=row.changed,
        skipped=row.skipped,
        failed=row.failed,
        left=row.left_over,
        error=row.error if not is_dead else _DEAD,
    )
