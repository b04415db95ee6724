"""Which backups stay, by days, weeks and months."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from savctl.domain.backup.keeping import Keep

NOW = datetime(2026, 11, 29, 0, 30, tzinfo=UTC)  # a Sunday
DAY = timedelta(days=1)
DAILY = [NOW - DAY * number for number in range(800)]


def test_days_then_weeks_then_months_stay() -> None:
    kept = sorted(Keep.read("14d,8w,12m").kept(DAILY, now=NOW), reverse=True)

    assert kept[:14] == DAILY[:14]
    weekly = [at for at in kept if at.weekday() == 6 and at < NOW - 13 * DAY]
    assert len([at for at in weekly if at > NOW - 7 * 8 * DAY]) == 6  # two more are in the days
    assert len({(at.year, at.month) for at in kept}) == 12
    assert len(kept) < 14 + 8 + 12


def test_a_place_without_a_new_backup_keeps_its_newest() -> None:
    kept = Keep.read("1d,1m").kept([NOW - 400 * DAY, NOW - 401 * DAY], now=NOW)

    assert kept == {NOW - 400 * DAY}


@pytest.mark.parametrize("text", ["", "14", "14x", "d", "14d,3d", "0d", "-1d", "14d 8w"])
def test_what_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="14d,8w,12m"):
        Keep.read(text)


@pytest.mark.parametrize("text", ["14d,8w,12m", "3w", "1d,2m"])
def test_a_rule_is_written_as_it_is_read(text: str) -> None:
    assert str(Keep.read(text)) == text


@given(
    days=st.integers(0, 20),
    weeks=st.integers(0, 10),
    months=st.integers(0, 6),
    hours=st.lists(st.integers(0, 24 * 400), unique=True, min_size=1, max_size=40),
)
def test_nothing_is_kept_beyond_its_day(
    days: int, weeks: int, months: int, hours: list[int]
) -> None:
    """With one backup a day at least, none is kept after the day that a certificate names."""
    keep = Keep(days=days, weeks=weeks, months=months)
    made = [NOW - timedelta(hours=one) for one in hours] + DAILY

    for at in keep.kept(made, now=NOW):
        assert keep.gone_by(at) >= NOW - DAY
