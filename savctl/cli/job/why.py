"""Why a job did or did not run, in one sentence and with the facts behind it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from savctl.bootstrap import App
from savctl.cli.job.rows import next_slot, run_row
from savctl.persistence.jobs import leases, runs, schedules
from savctl.persistence.jobs.leases import Holder
from savctl.persistence.jobs.runs import Run, RunStatus
from savctl.persistence.schema import server_info
from savctl.scheduling.job import Job
from savctl.scheduling.plan import OFF, all_schedules, begun_from, due_slots
from savctl.scheduling.slots import ATTEMPTS, pause_after

_NAMED = 5  # slots in the future; a tick leaves one
_OF_A_WRONG_CLOCK = (
    "; a host whose clock was ahead left a time in the future here: it holds nothing up, "
    "and savctl db check --fix removes it"
)

_NO_SCHEDULER = (
    "no scheduler is running. Start one (savctl scheduler run) or install the cron lines."
)


def explanation(app: App, job: Job) -> dict[str, object]:
    """Why a job did or did not run."""
    schedule = all_schedules(app.settings)[job.name]
    due = due_slots(job, app, schedule, remember=False)
    with app.database.reading() as connection:
        database_now = server_info.now(connection)
        ahead = runs.slots_after(connection, database_now, job=job.name, limit=_NAMED)
        known = schedules.known_after(connection, database_now).get(job.name)
        holder = leases.find_holder(connection, job.name)
        last = runs.last_run(connection, job.name)
        slot = runs.last_slot(connection, job.name, up_to=database_now)
        error = runs.last_error(connection, job.name)
        others = schedules.alive(connection)
    return {
        "job": job.name,
        "because": _because(holder, due, slot, last, app.clock(), bool(others))
        + (_OF_A_WRONG_CLOCK if ahead or known else ""),
        "schedule": schedule.line if schedule else OFF,
        "catch_up": str(job.catch_up),
        "next_slot": next_slot(schedule, app.clock()),
        "due_slots": due,
        "running_on": holder.owner if holder else None,
        "lease_seconds_left": round(holder.seconds_left, 1) if holder else None,
        "schedulers": [scheduler.owner for scheduler in others],
        "last_run": run_row(last) if last else None,
        "slots_in_future": [_ahead(run) for run in ahead],
        "known_since_in_future": known,
        "last_slot": slot.scheduled_for if slot else None,
        "last_error": error.error if error else None,
        "last_error_at": error.finished_at if error else None,
    }


def _because(
    holder: Holder | None,
    due: Sequence[datetime],
    slot: Run | None,
    last: Run | None,
    now: datetime,
    has_scheduler: bool,
) -> str:
    if holder is not None:
        return f"it is running on {holder.owner}"
    if due:
        who = "the scheduler starts it within seconds."
        if not has_scheduler:
            who = _NO_SCHEDULER
        return f"Overdue since {due[0]:%Y-%m-%d %H:%M}Z: {who}"
    if last is None:
        return "it has never run; its first slot is in the future"
    if last.status is RunStatus.BRAKED:
        return f"a safety brake stopped its last run: {last.error}"
    return _because_of(slot, now) or (
        f"its last run ended {last.status}; its next slot is in the future"
    )


def _ahead(run: Run) -> dict[str, object]:
    """A slot that has not come yet, and who began it."""
    return {"run_id": run.id, "slot": run.scheduled_for, "host": run.host}


def _because_of(slot: Run | None, now: datetime) -> str | None:
    """What a slot that did not come to its end is waiting for."""
    if slot is None or slot.status not in {RunStatus.ABANDONED, RunStatus.INTERRUPTED}:
        return None
    begun = begun_from(slot)
    if begun.attempt >= ATTEMPTS:
        return f"its slot was given up after {ATTEMPTS} attempts; the next slot runs as usual"
    again = begun.idle_since + pause_after(begun.attempt)
    if again <= now:
        return None
    return f"its slot was {slot.status}; it is begun again at {again:%H:%M:%S}Z"
