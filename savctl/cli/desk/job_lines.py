"""Jobs as lines: what needs a look first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from savctl.domain.text import plural
from savctl.usecases.desk.job_states import WRONG, by_need, state_of
from savctl.usecases.desk.model import Desk, JobBoard

Ago = Callable[[datetime | None, datetime], str]


def jobs_title(board: JobBoard) -> str:
    """How many schedulers are alive, and how many jobs need a look."""
    count = len(board.schedulers)
    alive = f"{plural(count, 'scheduler')} alive" if count else "no scheduler alive"
    states = [state_of(line) for line in board.jobs]
    counted = [f"{states.count(state)} {state}" for state in ("running", "due", "overdue", *WRONG)]
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
