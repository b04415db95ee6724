"""Whose clock counts: how far a host may be from the database's (rules 20.9)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from savctl.domain.clock_skew import ClockOff, require_small, skew_between, skew_text
from savctl.errors import ExitCode
from tests.given import DAY, NOW, SECOND

TRIP = timedelta(milliseconds=400)


@pytest.mark.parametrize(
    ("database", "skew"),
    [(NOW, 0), (NOW + TRIP, 0), (NOW + TRIP / 2, 0), (NOW - 5 * SECOND, 5)],
)
def test_what_lies_within_the_round_trip_is_no_difference(database: object, skew: int) -> None:
    assert skew_between(NOW, database, NOW + TRIP) == skew * SECOND  # type: ignore[arg-type]


def test_a_host_that_is_behind_has_a_negative_difference() -> None:
    assert skew_between(NOW, NOW + TRIP + 8 * DAY, NOW + TRIP) == -8 * DAY


@pytest.mark.parametrize("skew", [0, 59, 60, -60])
def test_a_small_difference_decides(skew: int) -> None:
    require_small(skew * SECOND, limit=60 * SECOND, database="sav@db:3306")


@pytest.mark.parametrize(
    ("skew", "words"),
    [
        (61, "61.0 s ahead of the clock of the database sav@db:3306"),
        (-600, "10 minutes behind the clock"),
        (8 * 86_400, "8 days ahead of the clock"),
    ],
)
def test_a_large_one_decides_nothing_and_says_so(skew: int, words: str) -> None:
    with pytest.raises(ClockOff, match=words) as refusal:
        require_small(skew * SECOND, limit=60 * SECOND, database="sav@db:3306")

    assert refusal.value.exit_code is ExitCode.UNAVAILABLE
    assert "clock_skew_limit" in (refusal.value.hint or "")
    assert refusal.value.facts["skew_seconds"] == skew


def test_a_difference_is_reported_in_its_largest_unit() -> None:
    assert skew_text(8 * DAY - SECOND) == "8 days ahead of"
    assert skew_text(-90 * SECOND) == "90.0 s behind"
