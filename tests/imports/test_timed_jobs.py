"""Slots under a moving clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from savctl.domain.imports.replay_plan import Deed
from savctl.usecases.replay.timed_jobs import CLOSE_RESOLVED, TimedJob, at, every
from tests.given import DAY, NOW


@pytest.mark.parametrize(
    ("moment", "slot"),
    [("10:30:00", "10:30"), ("10:30:01", "10:45"), ("10:44:59", "10:45"), ("23:50:00", "00:00")],
)
def test_the_first_slot_is_at_or_after_the_moment(moment: str, slot: str) -> None:
    found = every(15)(datetime.fromisoformat(f"2025-10-03T{moment}Z"))

    assert f"{found:%H:%M}" == slot


def test_slots_may_stand_beside_the_quarter() -> None:
    assert f"{every(15, past=7)(NOW):%H:%M}" == "10:37"


def test_recorded_slots_end() -> None:
    times = at([NOW + DAY, NOW])

    assert times(NOW) == NOW
    assert times(NOW + timedelta(seconds=1)) == NOW + DAY
    assert times(NOW + 2 * DAY) is None


def test_a_job_is_run_once_for_everything_due_at_one_slot() -> None:
    runs: list[datetime] = []
    job = TimedJob(CLOSE_RESOLVED, DAY, every(15), lambda slot: runs.append(slot) or 2)  # type: ignore[func-returns-value]

    for minutes in (0, 3, 14, 16):
        job.record_move(Deed.RESOLVE, datetime(2025, 10, 3, 10, minutes, 30, tzinfo=UTC))
    job.record_move(Deed.WAIT, NOW)
    while job.next_slot:
        job.run_next()

    assert [f"{slot:%d %H:%M}" for slot in runs] == ["04 10:15", "04 10:30"]
    assert (job.runs, job.changed) == (2, 4)
