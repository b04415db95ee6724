"""Why a job did or did not run, in one sentence and with the facts behind it."""

from __future__ import annotations

from savctl.bootstrap import App
from savctl.cli.job.rows import next_slot, run_row
from savctl.persistence.jobs import leases, runs, schedules
from savctl.persistence.jobs.runs import Run
from savctl.persistence.schema import server_info
from savctl.scheduling.job import Job
from savctl.scheduling.plan import OFF, all_schedules, due_slots, owed_since
from savctl.scheduling.reasons import because

_NAMED = 5  # slots in the future; a tick leaves one
_OF_A_WRONG_CLOCK = (
    "; a host whose clock was ahead left a time in the future here: it holds nothing up, "
    "and savctl db check --fix removes it"
)


def explanation(app: App, job: Job) -> dict[str, object]:
    """Why a job did or did not run."""
    schedule = all_schedules(app.settings)[job.name]
    due = due_slots(job, app, schedule, remember=False)
    with app.database.reading() as connection:
        database_now = server_info.now(connection)
        ahead = runs.slots_after(connection, database_now, job=job.name, limit=_NAMED)
        known = schedules.known_after(connection, database_now).get(job.name)
        seen_at = schedules.find_known_since(connection, job.name) if known is None else None
        holder = leases.find_holder(connection, job.name)
        last = runs.last_run(connection, job.name)
        slot = runs.last_slot(connection, job.name, up_to=database_now)
        error = runs.last_error(connection, job.name)
        others = schedules.alive(connection)
    missed = [owed_since(schedule, due, slot, seen_at)] if schedule and due else []
    return {
        "job": job.name,
        "because": because(holder, missed, slot, last, app.clock(), bool(others))
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


def _ahead(run: Run) -> dict[str, object]:
    """A slot that has not come yet, and who began it."""
    return {"run_id": run.id, "slot": run.scheduled_for, "host": run.host}
