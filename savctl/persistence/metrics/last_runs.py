"""The last run of each job, as metrics show it: a look at the index for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from savctl.persistence.jobs.runs import RunStatus
from savctl.persistence.schema.tables import runs

_R = runs.c
# they reached their end, whatever became of single items
_SUCCEEDED = (str(RunStatus.OK), str(RunStatus.PARTLY))
_LOOKED_AT = 1_000  # runs of one job: who has not succeeded for so many is shown by its failures


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRun:
    """The newest run of a job, and the newest that is over with what it left."""

    job: str
    started_at: datetime
    ended_at: datetime | None
    ended_started_at: datetime | None
    left: int


def last_runs(connection: Connection, jobs: Sequence[str]) -> Iterator[LastRun]:
    """Of each job that was ever run."""
    for job in jobs:
        newest = _newest(connection, _R.job == job)
        if newest is None:
            continue
        is_over = newest.finished_at is not None
        over = (
            newest if is_over else _newest(connection, _R.job == job, _R.finished_at.is_not(None))
        )
        yield LastRun(
            job=job,
            started_at=newest.started_at,
            ended_at=over.finished_at if over is not None else None,
            ended_started_at=over.started_at if over is not None else None,
            left=int(over.left_over) if over is not None else 0,
        )


def last_successes(connection: Connection, jobs: Sequence[str]) -> dict[str, datetime]:
    """When each job last reached its end, among its newest runs."""
    found: dict[str, datetime] = {}
    for job in jobs:
        newest = select(_R.id).where(_R.job == job).order_by(_R.id.desc())
        oldest = newest.offset(_LOOKED_AT).limit(1).scalar_subquery()
        run = _newest(
            connection,
            _R.job == job,
            _R.status.in_(_SUCCEEDED),
            _R.id > func.coalesce(oldest, 0),
        )
        if run is not None and run.finished_at is not None:
            found[job] = run.finished_at
    return found


def _newest(connection: Connection, *conditions: ColumnElement[bool]) -> Any:
    query = select(_R.started_at, _R.finished_at, _R.left_over).where(*conditions)
    return connection.execute(query.order_by(_R.id.desc()).limit(1)).first()
