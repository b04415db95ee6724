"""The last run of every job, and what went wrong lately, in a few queries for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, or_, select

from savctl.persistence.jobs.runs import Run, RunStatus, runs_where
from savctl.persistence.schema.tables import runs

_R = runs.c
_NEWEST = 5_000  # runs that are looked through for errors: three days of a job of every minute
_LATELY = timedelta(days=7)
_WRONG = (RunStatus.FAILED, RunStatus.PARTLY, RunStatus.BRAKED)


def last_runs(connection: Connection, *, up_to: datetime) -> dict[str, Run]:
    """The run of each job that was begun last; a slot that was begun again counts as new."""
    newest = select(func.max(_R.id)).group_by(_R.job)
    ids = list(connection.execute(newest).scalars())
    found: dict[str, Run] = {}
    slots = last_slots(connection, up_to=up_to).values()
    for run in (*_by_ids(connection, ids), *slots):
        known = found.get(run.job)
        if known is None or (run.started_at, run.id) > (known.started_at, known.id):
            found[run.job] = run
    return found


def last_slots(connection: Connection, *, up_to: datetime) -> dict[str, Run]:
    """The run of the newest slot of each job that was begun; later ones are a wrong clock's."""
    newest = (
        select(_R.job, func.max(_R.scheduled_for).label("slot"))
        .where(_R.scheduled_for <= up_to)
        .group_by(_R.job)
        .subquery()
    )
    theirs = select(_R.id).join_from(
        newest, runs, (_R.job == newest.c.job) & (_R.scheduled_for == newest.c.slot)
    )
    ids = list(connection.execute(theirs).scalars())
    return {run.job: run for run in _by_ids(connection, ids)}


def last_errors(connection: Connection, *, now: datetime, limit: int) -> Sequence[Run]:
    """The newest runs of the last seven days that left an error or failed items."""
    newest = connection.execute(select(func.max(_R.id))).scalar()
    if newest is None:
        return ()
    found = runs_where(
        connection,
        _R.id > newest - _NEWEST,
        _R.started_at >= now - _LATELY,
        or_(_R.error.is_not(None), _R.status.in_(_WRONG)),
        limit=limit,
    )
    return [run for run in found if run.status is not RunStatus.RUNNING]


def _by_ids(connection: Connection, ids: Iterable[int]) -> Sequence[Run]:
    return runs_where(connection, _R.id.in_(list(ids)))
