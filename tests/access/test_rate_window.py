"""The window of the rate limit as a rule: no 60 seconds ever hold more than the limit (12.5)."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from savctl.domain.access.rate import RateLimited, with_one_more
from savctl.errors import ExitCode

SECOND = 1_000_000
MINUTE = 60 * SECOND
NOW = 1_759_487_400 * SECOND
STEPS = st.lists(st.integers(0, 20 * SECOND), max_size=60)


@given(steps=STEPS, limit=st.integers(1, 5))
def test_no_minute_holds_more_commands_than_the_limit(steps: list[int], limit: int) -> None:
    used: list[int] = []
    passed: list[int] = []
    for now in accumulate(steps, initial=NOW):
        try:
            used = with_one_more(used, now=now, limit=limit)
        except RateLimited as refused:
            assert sum(now - MINUTE < at <= now for at in passed) == limit
            wait = int(str(refused.facts["retry_after_seconds"]))
            assert 1 <= wait <= 60
            assert with_one_more(used, now=now + wait * SECOND, limit=limit)
        else:
            passed.append(now)
        assert len(used) <= limit

    for end in passed:
        assert sum(end - MINUTE < at <= end for at in passed) <= limit


def test_a_command_leaves_the_window_after_exactly_a_minute() -> None:
    used = with_one_more([], now=NOW, limit=1)

    with pytest.raises(RateLimited) as early:
        with_one_more(used, now=NOW + MINUTE - 1, limit=1)

    assert early.value.facts == {"retry_after_seconds": 1}
    assert early.value.exit_code is ExitCode.UNAVAILABLE
    assert with_one_more(used, now=NOW + MINUTE, limit=1) == [NOW + MINUTE]


def test_a_limit_that_was_lowered_holds_at_once() -> None:
    used = [NOW, NOW + 10 * SECOND, NOW + 20 * SECOND]

    with pytest.raises(RateLimited) as refused:
        with_one_more(used, now=NOW + 30 * SECOND, limit=1)

    assert refused.value.facts == {"retry_after_seconds": 50}


@pytest.mark.parametrize("back", [30 * SECOND, 60 * SECOND])
def test_a_clock_that_is_set_back_a_little_opens_no_second_window(back: int) -> None:
    used = [NOW, NOW]

    with pytest.raises(RateLimited) as refused:
        with_one_more(used, now=NOW - back, limit=2)

    assert refused.value.facts == {"retry_after_seconds": 60}


def test_a_clock_that_is_set_back_by_hours_locks_nobody_out() -> None:
    assert with_one_more([NOW, NOW], now=NOW - 3_600 * SECOND, limit=2) == [NOW - 3_600 * SECOND]
