"""Times as people type them and as they are stored and shown (contract: 1.8; rules 1.1)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from savctl.domain import clock, times
from savctl.errors import InvalidInput
from tests.given import NOW

MIDNIGHT = datetime(2025, 10, 3, tzinfo=UTC)
instants = st.datetimes(
    min_value=datetime(1000, 1, 2),  # noqa: DTZ001 - Hypothesis wants its bounds naive
    max_value=datetime(9998, 12, 30),  # noqa: DTZ001
    timezones=st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m))),
)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("7d", timedelta(days=7)),
        ("3h30m", timedelta(hours=3, minutes=30)),
        ("1w2d3h4m5s", timedelta(days=9, hours=3, minutes=4, seconds=5)),
        (" 90s ", timedelta(seconds=90)),
        ("0d", timedelta()),
        ("36500d", timedelta(days=36_500)),
    ],
)
def test_a_length_of_time(text: str, length: timedelta) -> None:
    assert times.span(text) == length


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "d",
        "7",
        "7 d",
        "-7d",
        "+7d",
        "7d3w",
        "1.5h",
        "7D",
        "\u0667d",
        "seven",
        "7d\0",
        "7d7d",
    ],
)
def test_what_is_no_length_of_time_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="is not a length of time"):
        times.span(text)


@pytest.mark.parametrize("text", ["36500d1s", "99999999999999999999d", f"{'9' * 5000}w"])
def test_a_length_of_more_than_a_hundred_years_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="longer than 100 years"):
        times.span(text)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("7d", NOW - timedelta(days=7)),
        ("2025-10-03", MIDNIGHT),
        ("2025-10-03T10:30:00Z", NOW),
        ("2025-10-03T12:30:00+02:00", NOW),
        ("2025-10-03T10:30:00", NOW),
        (" 2025-10-03 10:30 ", NOW),
    ],
)
def test_a_moment(text: str, moment: datetime) -> None:
    assert times.moment(text, now=NOW) == moment


@pytest.mark.parametrize(
    "text",
    [
        *("", "yesterday", "2025-13-01", "2025-02-30", "10:30", "2025-10-03T25:00:00Z", "1e9"),
        *(
            "9999-12-31T23:59:59-14:00",
            "0001-01-01T00:00:00+14:00",
            "12025-01-01",
            "\u0662025-10-03",
        ),
    ],
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        times.moment(text, now=NOW)

    assert repr(text) in refusal.value.message
    assert refusal.value.hint


@pytest.mark.parametrize("text", ["1969-12-31", "0001-01-01", "9000-01-01", "9999-12-31"])
def test_a_clock_is_not_set_to_where_spans_would_leave_the_calendar(text: str) -> None:
    with pytest.raises(InvalidInput, match="out of range"):
        times.clock_moment(text, now=NOW)


def test_a_clock_is_set_to_any_other_moment() -> None:
    assert times.clock_moment("1970-01-01", now=NOW) == times.FIRST
    assert times.clock_moment("1d", now=NOW) == NOW - timedelta(days=1)


def test_a_stored_time_that_means_never_is_none() -> None:
    assert clock.instant("9999-12-31T23:59:59Z") is None
    assert clock.instant("9998-12-31T23:59:59Z") is not None


def test_a_span_before_the_first_day_is_refused() -> None:
    with pytest.raises(InvalidInput, match="out of range"):
        times.moment("36500d", now=datetime(50, 1, 1, tzinfo=UTC))


@given(instants)
def test_what_is_written_is_read_as_the_same_instant(moment: datetime) -> None:
    assert clock.instant(clock.micro_text(moment)) == moment
    assert clock.instant(clock.second_text(moment)) == clock.to_the_second(moment)


@given(instants)
def test_seconds_are_cut_and_never_rounded(moment: datetime) -> None:
    cut = clock.to_the_second(moment)

    assert cut.tzinfo is UTC
    assert timedelta() <= moment - cut < timedelta(seconds=1)


@pytest.mark.parametrize(
    "stored", [None, 7, "", "yesterday", "0001-01-01T00:00+14:00", "9999-12-31T23:59-14:00"]
)
def test_a_stored_text_that_is_no_instant_reads_as_none(stored: object) -> None:
    assert clock.instant(stored) is None
