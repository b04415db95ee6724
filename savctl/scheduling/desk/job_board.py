"""How things stand with every job: eight queries, however many jobs there are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from savctl.bootstrap import App
from savctl.persistence.desk import run_board
from savctl.persistence.jobs import leases, schedules
from savctl.persistence.jobs.leases import Holder
from savctl.persistence.jobs.runs import Run
from savctl.persistence.schema import server_info
from savctl.scheduling.job import Job, all_jobs
from savctl.scheduling.plan import all_schedules, first_missed
from savctl.scheduling.reasons import because
from savctl.scheduling.slots import Schedule
from savctl.usecases.desk.model import JobBoard, JobLine, LeaseLine


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What is stored about all jobs."""

    now: datetime
    last: dict[str, Run]
    slots: dict[str, Run]
    known: dict[str, datetime]
    holders: dict[str, Holder]
    has_scheduler: bool


def read_board(connection: Any, app: App) -> JobBoard:
    """Every job, every lease that is held, and the schedulers that are alive."""
    database_now = server_info.now(connection)
    held = leases.held(connection)
    alive = schedules.alive(connection)
    facts = _Facts(
        now=min(app.clock(), database_now),
        last=run_board.last_runs(connection, up_to=database_now),
        slots=run_board.last_slots(connection, up_to=database_now),
        known=schedules.known_jobs(connection),
        holders={name: holder for name, holder in held if holder.seconds_left > 0},
        has_scheduler=bool(alive),
    )
    lines = all_schedules(app.settings)
    return JobBoard(
        jobs=[_line(job, lines[name], facts, app) for name, job in all_jobs().items()],
        leases=[
            LeaseLine(lease=name, owner=one.owner, seconds_left=round(one.seconds_left, 1))
            for name, one in held
        ],
        schedulers=[one.owner for one in alive],
    )


def _line(job: Job, schedule: Schedule | None, facts: _Facts, app: App) -> JobLine:
    last, slot = facts.last.get(job.name), facts.slots.get(job.name)
    holder = facts.holders.get(job.name)
    known = facts.known.get(job.name)
    missed = first_missed(job, schedule, slot, known, now=facts.now, settings=app.settings)
    due = [] if missed is None else [missed]
    is_off = schedule is None and holder is None
    why = because(holder, due, slot, last, facts.now, facts.has_scheduler, names_error=False)
    return JobLine(
        job=job.name,
        last_status=str(last.status) if last else None,
        last_started_at=last.started_at if last else None,
        last_finished_at=last.finished_at if last else None,
        last_run_id=last.id if last else None,
        next_slot=schedule.next_after(facts.now) if schedule else None,
        due_since=missed,
        is_overdue=missed is not None
        and facts.now - missed > schedules.OVERDUE
        and holder is None,
        running_on=holder.owner if holder else None,
        why="its schedule is off" if is_off else why,
    )
