"""Why a job did or did not run, in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from savctl.persistence.jobs.leases import Holder
from savctl.persistence.jobs.runs import Run, RunStatus
from savctl.scheduling.plan import begun_from
from savctl.scheduling.slots import ATTEMPTS, pause_after

_NO_SCHEDULER = (
    "no scheduler is running. Start one (savctl scheduler run) or install the cron lines."
)


def because(
    holder: Holder | None,
    due: Sequence[datetime],
    slot: Run | None,
    last: Run | None,
    now: datetime,
    has_scheduler: bool,
    *,
    names_error: bool = True,
) -> str:
    """The sentence; without `names_error` the text of an error is left out of it."""
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
        error = f": {last.error}" if names_error else ""
        return f"a safety brake stopped its last run{error}"
    return _because_of(slot, now) or (
        f"its last run ended {last.status}; its next slot is in the future"
    )


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
