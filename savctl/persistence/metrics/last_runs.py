"""The last run of each job, as metrics show it: a look at the index for each, all at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from savctl.persistence.jobs.runs import RunStatus, first_ids
from savctl.persistence.schema.tables import runs

_R = runs.c
# they reached their end, whatever became of single items
_SUCCEEDED = (str(RunStatus.OK), str(RunStatus.PARTLY))
_SHOWN = (_R.started_at, _R.finished_at, _R.left_over, _R.status)
_LOOKED_AT = 1_000  # runs of one job: who has not succeeded for so many is shown by its failures


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRun:
    """The newest run of a job, and the newest that is over: what it left, whether it succeeded."""

    job: str
    started_at: datetime
    ended_at: datetime | None
    ended_started_at: datetime | None
    left: int
    has_succeeded: bool


def last_runs(connection: Connection, jobs: Sequence[str]) -> Iterator[LastRun]:
    """Of each job that was ever run."""
    queries = [select(_R.id).where(_R.job == job).order_by(_R.id.desc()) for job in jobs]
    ids = first_ids(connection, queries)
    query = select(_R.job, *_SHOWN).where(_R.id.in_(ids)).order_by(_R.job)
    for newest in connection.execute(query).all():
        is_over = newest.finished_at is not None
        ended = _R.job == newest.job, _R.finished_at.is_not(None)
        over = newest if is_over else _newest(connection, *ended)
        yield LastRun(
            job=newest.job,
            started_at=newest.started_at,
            ended_at=over.finished_at if over is not None else None,
            ended_started_at=over.started_at if over is not None else None,
            left=int(over.left_over) if over is not None else 0,
            has_succeeded=over is not None and over.status in _SUCCEEDED,
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
    query = select(*_SHOWN).where(*conditions)
    return connection.execute(query.order_by(_R.id.desc()).limit(1)).first()
