"""Why a bulk operation did what it did: its last run, or that of an operation id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from savctl.bootstrap import App
from savctl.cli.job.rows import run_row
from savctl.errors import NotFound
from savctl.persistence.jobs import leases, runs
from savctl.persistence.jobs.runs import Run
from savctl.scheduling.plan import OFF
from savctl.scheduling.run_names import BULK_PREFIX, find_run_name

_OPERATION = "op-"
_NAMED = 3  # tickets that were not changed; the run's report has them all
_NOT_DONE = ("refused", "failed")


def is_of_bulk(name: str) -> bool:
    """Whether this names a bulk operation: `bulk-close`, or `op-57`."""
    return name.startswith((BULK_PREFIX, _OPERATION))


def bulk_explanation(app: App, name: str) -> dict[str, object]:
    """The keys of a job's explanation; nothing schedules a bulk operation.

    Raises:
        NotFound: no bulk operation is called so.
    """
    with app.database.reading() as connection:
        if name.startswith(_OPERATION):
            last: Run | None = _of_operation(connection, name)
            job = last.job if last else name
        else:
            job = find_run_name(name)
            last = runs.last_run(connection, job)
        holder = leases.find_holder(connection, job)
        error = runs.last_error(connection, job)
        report = runs.report(connection, last.id) if last else None
    is_running = holder is not None and (last is None or last.finished_at is None)
    return {
        "job": job,
        "because": f"it is running on {holder.owner}"
        if holder is not None and is_running
        else _because(job, last, report or {}),
        "schedule": OFF,
        "catch_up": "none: a person starts it",
        "next_slot": None,
        "due_slots": [],
        "running_on": holder.owner if holder else None,
        "lease_seconds_left": round(holder.seconds_left, 1) if holder else None,
        "schedulers": [],
        "last_run": run_row(last) if last else None,
        "slots_in_future": [],
        "known_since_in_future": None,
        "last_slot": None,
        "last_error": error.error if error else None,
        "last_error_at": error.finished_at if error else None,
    }


def _of_operation(connection: Any, name: str) -> Run:
    digits = name.removeprefix(_OPERATION)
    run = runs.find(connection, int(digits)) if digits.isdecimal() and len(digits) < 19 else None
    if run is None or not run.job.startswith(BULK_PREFIX):
        raise NotFound(
            f"there is no bulk operation {name[:40]!r}", hint="savctl audit list --action bulk"
        )
    return run


def _because(job: str, last: Run | None, report: Mapping[str, object]) -> str:
    """The sentence: how it ended, and why tickets were not changed."""
    if last is None:
        verb = job.removeprefix(BULK_PREFIX)
        return f"it has never run; a person starts it: savctl ticket bulk {verb}"
    counts = ", ".join(
        f"{getattr(last, name)} {name}"
        for name in ("changed", "skipped", "failed", "left")
        if getattr(last, name) or name == "changed"
    )
    text = f"its run {_OPERATION}{last.id} ended {last.status}: {counts}"
    items = report.get("items")
    listed = items if isinstance(items, list) else []
    whys = [f"{item['reason']}" for item in listed if item.get("outcome") in _NOT_DONE]
    if last.error:
        text += f"; {last.error.splitlines()[0]}"
    if whys:
        text += "; " + "; ".join(whys[:_NAMED])
    if len(whys) > _NAMED:
        text += f"; and {len(whys) - _NAMED} more: savctl job history --run {last.id}"
    return text
