"""The history of job runs; a unique (job, slot) decides who runs a slot (rules 10.3, 10.4).

A *slot* is an instant at which a job was due by its schedule; a run by hand has none. Rows are
written by `running`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    case,
    delete,
    func,
    or_,
    select,
    union_all,
)

from savctl.errors import NotFound
from savctl.persistence.jobs.leases import living
from savctl.persistence.schema.tables import leases as leases_table
from savctl.persistence.schema.tables import runs

_R = runs.c
_COLUMNS = tuple(column for column in _R if column.name != "report")
DEAD = "the process died or lost its lease; what it had committed stays done"


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
    CRON = "cron"  # `job run NAME --due`
    TICK = "tick"  # `scheduler tick`
    SCHEDULER = "scheduler"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One row without its report; the counts are those of all attempts that came to an end.

    A run with the status `running` while nobody holds its lease is read as `abandoned`: its
    process died, and the next run of the job records that.
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


def find(connection: Connection, run_id: int) -> Run:
    """One run.

    Raises:
        NotFound: no such run.
    """
    run = _first(connection, _query(connection).where(_R.id == run_id))
    if run is None:
        raise NotFound(
            f"no run {run_id}", hint="Run 'savctl job history' to list runs.", run_id=run_id
        )
    return run


def find_slot(connection: Connection, job: str, slot: datetime) -> Run | None:
    """The run of this slot, if there is one."""
    return _first(connection, _query(connection).where(_R.job == job, _R.scheduled_for == slot))


def last_slot(connection: Connection, job: str, *, up_to: datetime) -> Run | None:
    """The run of the newest slot that was begun; later ones are a wrong clock's."""
    begun = and_(_R.job == job, _R.scheduled_for <= up_to)
    newest = select(func.max(_R.scheduled_for)).where(begun).scalar_subquery()
    return _first(connection, _query(connection).where(_R.job == job, _R.scheduled_for == newest))


def last_slots(
    connection: Connection, jobs: Collection[str], *, up_to: datetime
) -> dict[str, Run]:
    """The same of each of these jobs, where there is one; two queries, however many jobs."""
    queries = [
        select(_R.id)
        .where(_R.job == job, _R.scheduled_for <= up_to)
        .order_by(_R.scheduled_for.desc())
        for job in jobs
    ]
    return {
        run.job: run for run in runs_where(connection, _R.id.in_(first_ids(connection, queries)))
    }


def first_ids(connection: Connection, queries: Sequence[Select[Any]]) -> list[int]:
    """The first id that each of these queries finds, asked for at once."""
    if not queries:
        return []
    arms = [select(query.limit(1).subquery().c.id) for query in queries]
    return list(connection.execute(union_all(*arms)).scalars())


def slots_after(
    connection: Connection, moment: datetime, *, job: str | None = None, limit: int | None = None
) -> list[Run]:
    """The runs of slots after a moment, oldest slot first, of one job or of all.

    After the database's now they were begun by a host whose clock was ahead.
    """
    query = _query(connection).where(_R.scheduled_for > moment)
    if job is not None:
        query = query.where(_R.job == job)
    rows = connection.execute(query.order_by(_R.scheduled_for, _R.id).limit(limit))
    return [_to_run(row) for row in rows]


def forget_slot(connection: Connection, run_id: int, *, slot: datetime) -> bool:
    """Remove the row of a run, if it still stands for this slot."""
    gone = connection.execute(delete(runs).where(_R.id == run_id, _R.scheduled_for == slot))
    return int(gone.rowcount) == 1


def last_run(connection: Connection, job: str) -> Run | None:
    """The run that was begun last, by whomever."""
    found = history(connection, job, limit=1)
    return found[0] if found else None


def last_error(connection: Connection, job: str) -> Run | None:
    """The newest run that left an error."""
    query = _query(connection).where(_R.job == job, _R.error.is_not(None))
    return _first(connection, query.order_by(*_NEWEST_FIRST).limit(1))


def known_jobs(connection: Connection) -> list[str]:
    """The jobs that were ever run, by name."""
    return list(connection.execute(select(_R.job).distinct().order_by(_R.job)).scalars())


def history(
    connection: Connection,
    job: str | None = None,
    *,
    statuses: Collection[RunStatus] = (),
    limit: int | None = None,
) -> list[Run]:
    """Runs, newest first; with `statuses` only those that ended so."""
    query = _query(connection).order_by(*_NEWEST_FIRST)
    if job is not None:
        query = query.where(_R.job == job)
    if statuses:
        query = query.where(_status().in_(statuses))
    if limit is not None:
        query = query.limit(limit)
    return [_to_run(row) for row in connection.execute(query)]


def runs_where(
    connection: Connection, *conditions: ColumnElement[bool], limit: int | None = None
) -> list[Run]:
    """Runs that meet all conditions, the newest number first."""
    query = _query(connection).where(*conditions).order_by(_R.id.desc()).limit(limit)
    return [_to_run(row) for row in connection.execute(query)]


def report(connection: Connection, run_id: int) -> Mapping[str, object] | None:
    """The report that a run left when it ended."""
    stored = connection.execute(select(_R.report).where(_R.id == run_id)).scalar()
    return json.loads(stored) if stored else None


_NEWEST_FIRST = (_R.started_at.desc(), _R.id.desc())


def _status() -> ColumnElement[str]:
    """The status as `_to_run` reads it, in a query of `_query`."""
    held = leases_table.c
    is_dead = or_(held.token.is_(None), held.token != _R.token)
    dead = and_(_R.status == RunStatus.RUNNING, is_dead)
    return case((dead, str(RunStatus.ABANDONED)), else_=_R.status)


def _query(connection: Connection) -> Select[Any]:
    """Rows, each with the token of its job's living lease: a dead run has another one."""
    held = leases_table.c
    alive = and_(held.name == _R.job, living(connection))
    columns = (*_COLUMNS, held.token.label("living_token"))
    return select(*columns).select_from(runs.outerjoin(leases_table, alive))


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
        error=row.error if not is_dead else DEAD,
    )
