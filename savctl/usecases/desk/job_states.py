"""Jobs by what a person should look at first."""

from __future__ import annotations

from collections.abc import Sequence

from savctl.persistence.jobs.runs import RunStatus
from savctl.usecases.desk.model import JobLine

WRONG = tuple(
    str(one) for one in (RunStatus.FAILED, RunStatus.ABANDONED, RunStatus.BRAKED, RunStatus.PARTLY)
)


def state_of(line: JobLine) -> str:
    """Running, overdue, due, or how the last run ended."""
    if line.running_on is not None:
        return "running"
    if line.due_since is not None:
        return "overdue" if line.is_overdue else "due"
    return line.last_status or "never ran"


def is_wrong(line: JobLine) -> bool:
    """Whether a person should look."""
    return state_of(line) in {"overdue", *WRONG}


def by_need(lines: Sequence[JobLine]) -> list[JobLine]:
    """What is wrong first, then what runs or is due, then by the next slot."""

    def rank(line: JobLine) -> tuple[bool, bool, bool, float]:
        slot = line.next_slot.timestamp() if line.next_slot else float("inf")
        return not is_wrong(line), line.running_on is None, line.due_since is None, slot

    return sorted(lines, key=rank)
