"""When a job is due: cron lines that mean one thing, missed slots, slots begun again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from savctl.errors import InvalidInput
from savctl.scheduling.job import CatchUp, all_jobs
from savctl.scheduling.slots import (
    ATTEMPTS,
    EACH_AT_MOST,
    ON_TIME,
    Begun,
    Schedule,
    due,
    is_to_continue,
)

NOW = datetime(2025, 10, 3, 10, 30, 20, tzinfo=UTC)  # a Friday
MONTH = timedelta(days=32)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def owed(
    line: str = "*/15 * * * *",
    catch_up: CatchUp = CatchUp.LATEST,
    *,
    begun: Begun | None = None,
    known_since: datetime = NOW - timedelta(days=400),
    oldest: timedelta = MONTH,
) -> list[datetime]:
    return due(
        Schedule(line), catch_up, begun=begun, known_since=known_since, now=NOW, oldest=oldest
    )


def ended(slot: str, *, attempt: int = 1, is_over: bool = True, idle: datetime = NOW) -> Begun:
    return Begun(slot=at(slot), is_over=is_over, attempt=attempt, idle_since=idle)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("*/15 * * * *", "2025-10-03T10:45"),
        ("7-59/15 * * * *", "2025-10-03T10:37"),
        ("30 3 * * sun", "2025-10-05T03:30"),
        ("30 3 * * SAT,SUN", "2025-10-04T03:30"),
        ("0 4 * * mon-fri", "2025-10-06T04:00"),
        ("0 4 1 * *", "2025-11-01T04:00"),
        ("0 4 31 * *", "2025-10-31T04:00"),
        ("0 0 29 feb *", "2028-02-29T00:00"),
        ("0  0\t1 jan *", "2026-01-01T00:00"),
    ],
)
def test_the_next_slot_of_a_line(line: str, expected: str) -> None:
    assert Schedule(line).next_after(NOW) == at(expected)


def test_a_slot_is_not_its_own_next() -> None:
    assert Schedule("*/15 * * * *").next_after(at("2025-10-03T10:30")) == at("2025-10-03T10:45")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("30 3 * * 0", "weekday by number"),
        ("30 3 * * 1-5", "weekday by number"),
        ("30 3 * * 7", "weekday by number"),
        ("30 3 * * mon,3", "weekday by number"),
        ("0 0 13 * fri", "either"),
        ("0 0 30 feb *", "names a day that does not exist"),
        ("60 * * * *", "not a cron line"),
        ("* * * *", "4 fields"),
        ("@daily", "1 fields"),
        ("5/15 * * * *", "not understood"),
        ("* * last * *", "not understood"),
        ("* * * * sat-sun", "not understood"),
        ("* * * * fri-mon", "not a cron line"),
        ("*/0 * * * *", "not a cron line"),
        ("", "0 fields"),
    ],
)
def test_a_line_that_could_mean_two_things_or_none_is_refused(line: str, words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Schedule(line)

    assert words in refused.value.message
    assert refused.value.hint


def test_every_jobs_own_line_is_accepted() -> None:
    assert [Schedule(job.cron).line for job in all_jobs().values()]


def test_a_job_that_ran_its_slot_owes_nothing() -> None:
    assert owed(begun=ended("2025-10-03T10:30")) == []


def test_a_job_owes_the_slot_that_has_just_come() -> None:
    assert owed(begun=ended("2025-10-03T10:15")) == [at("2025-10-03T10:30")]


def test_after_a_long_absence_latest_owes_one_slot() -> None:
    assert owed(begun=ended("2025-09-20T00:00")) == [at("2025-10-03T10:30")]


def test_each_owes_every_missed_slot_oldest_first() -> None:
    slots = owed("0 * * * *", CatchUp.EACH, begun=ended("2025-10-03T06:00"))

    assert slots == [at(f"2025-10-03T{hour:02}:00") for hour in (7, 8, 9, 10)]


def test_each_owes_a_bounded_number_the_newest() -> None:
    slots = owed("* * * * *", CatchUp.EACH, begun=ended("2025-09-20T00:00"))

    assert len(slots) == EACH_AT_MOST
    assert slots[-1] == at("2025-10-03T10:30")


def test_skip_runs_on_time_or_not_at_all() -> None:
    begun = ended("2025-10-02T00:00")

    assert owed("30 10 * * *", CatchUp.SKIP, begun=begun) == [at("2025-10-03T10:30")]
    assert owed("20 10 * * *", CatchUp.SKIP, begun=begun) == []
    assert NOW - at("2025-10-03T10:20") > ON_TIME


def test_a_slot_older_than_the_limit_is_not_caught_up() -> None:
    begun = ended("2025-09-01T04:00")

    assert owed("0 4 1 * *", begun=begun) == [at("2025-10-01T04:00")]
    assert owed("0 4 1 * *", begun=begun, oldest=timedelta(days=2)) == []


def test_a_monthly_job_does_not_run_at_its_first_start() -> None:
    assert owed("0 4 1 * *", known_since=NOW) == []


def test_a_job_that_never_ran_owes_what_came_since_it_is_known() -> None:
    assert owed(known_since=at("2025-10-03T10:20")) == [at("2025-10-03T10:30")]


def test_a_slot_whose_run_died_is_begun_again_after_a_pause() -> None:
    died = ended("2025-10-03T10:30", is_over=False, idle=NOW - MINUTE)

    assert owed(begun=died) == [at("2025-10-03T10:30")]
    assert owed(begun=ended("2025-10-03T10:30", is_over=False, idle=NOW)) == []


def test_a_newer_slot_stands_for_a_died_one() -> None:
    died = ended("2025-10-03T10:15", is_over=False, idle=NOW - HOUR)

    assert owed(begun=died) == [at("2025-10-03T10:30")]
    assert owed(catch_up=CatchUp.EACH, begun=died) == [
        at("2025-10-03T10:15"),
        at("2025-10-03T10:30"),
    ]


def test_the_pause_doubles_and_the_slot_is_given_up_in_the_end() -> None:
    pauses = []
    for attempt in range(1, ATTEMPTS):
        pause = MINUTE
        while not is_to_continue(
            ended("2025-10-03T10:30", attempt=attempt, is_over=False, idle=NOW - pause), NOW
        ):
            pause += MINUTE
        pauses.append(pause // MINUTE)

    assert pauses == [1, 2, 4, 8]
    given_up = ended("2025-10-03T10:30", attempt=ATTEMPTS, is_over=False, idle=NOW - HOUR)
    assert not is_to_continue(given_up, NOW)


def test_a_clock_that_went_back_owes_nothing() -> None:
    assert owed(begun=ended("2025-10-03T23:45")) == []


@given(
    line=st.sampled_from(["* * * * *", "*/15 * * * *", "0 3 * * *", "30 3 * * sun", "0 4 1 * *"]),
    minutes=st.integers(0, 60 * 24 * 90),
    most=st.integers(1, 5),
)
def test_the_newest_slots_are_the_end_of_all_slots(line: str, minutes: int, most: int) -> None:
    schedule, after = Schedule(line), NOW - timedelta(minutes=minutes)
    every: list[datetime] = []
    slot = schedule.next_after(after)
    while slot is not None and slot <= NOW and len(every) < 3000:
        every.append(slot)
        slot = schedule.next_after(slot)

    found = schedule.newest(after=after, until=NOW, most=most)

    if len(every) < 3000:
        assert found == every[-most:]
    assert len(found) <= most
