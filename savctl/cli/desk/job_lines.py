"""Jobs as lines: what needs a look first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from savctl.domain.text import plural
from savctl.persistence.jobs.runs import RunStatus
from savctl.usecases.desk.model import Desk, JobBoard, JobLine

Ago = Callable[[datetime | None, datetime], str]
_WRONG = (RunStatus.FAILED, RunStatus.ABANDONED, RunStatus.BRAKED, RunStatus.PARTLY)
_WRONG_STATES = tuple(map(str, _WRONG))


def state_of(line: JobLine) -> str:
    """Running, overdue, due, or how the last run ended."""
    if line.running_on is not None:
        return "running"
    if line.due_since is not None:
        return "overdue" if line.is_overdue else "due"
    return line.last_status or "never ran"


def is_wrong(line: JobLine) -> bool:
    """Whether a person should look."""
    return state_of(line) in {"overdue", *_WRONG_STATES}


def jobs_title(board: JobBoard) -> str:
    """How many schedulers are alive, and how many jobs need a look."""
    count = len(board.schedulers)
    alive = f"{plural(count, 'scheduler')} alive" if count else "no scheduler alive"
    states = [state_of(line) for line in board.jobs]
    counted = [
        f"{states.count(state)} {state}" for state in ("running", "due", "overdue", *_WRONG_STATES)
    ]
    return ", ".join([f"Jobs: {alive}", *(text for text in counted if text[0] != "0")])


def job_lines(desk: Desk, ago: Ago) -> Iterator[list[str]]:
    """A row for each job: name, state, last run, next slot, why."""
    for line in by_need(desk.work.jobs if desk.work else ()):
        yield [
            line.job,
            state_of(line),
            f"last {ago(line.last_started_at, desk.at) or 'never'}",
            f"next {ago(line.next_slot, desk.at) or 'never'}",
            line.why,
        ]


def by_need(lines: Sequence[JobLine]) -> list[JobLine]:
    """What is wrong first, then what runs or is due, then by the next slot."""

    def rank(line: JobLine) -> tuple[bool, bool, bool, float]:
        slot = line.next_slot.timestamp() if line.next_slot else float("inf")
        return not is_wrong(line), line.running_on is None, line.due_since is None, slot

    return sorted(lines, key=rank)
