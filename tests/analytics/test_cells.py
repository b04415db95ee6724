"""Cells and their protection, whatever the tickets (rules 15.4)."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from savctl.domain.analytics.cells import CellGroup, Cells
from savctl.domain.analytics.figures import COUNTS, SPANS, FigureEvent, TicketFigures
from savctl.domain.analytics.months import Month
from savctl.domain.analytics.table import OTHER, month_rows
from savctl.domain.model.priority import LEVELS
from savctl.errors import InvalidInput

MONTH = Month(2024, 2)
DAY = timedelta(days=1)
SMALLEST = 5

Life = tuple[CellGroup, TicketFigures]


def moments() -> st.SearchStrategy[datetime]:
    """On few days, so that cells fill; some before the month, some after it."""
    return st.sampled_from((-2, 0, 1, 2, 28, 30)).map(lambda days: MONTH.since + days * DAY)


@st.composite
def tickets(draw: st.DrawFn) -> Life:
    """What a ticket adds; it joins and leaves the backlog in turn."""
    group = CellGroup(
        draw(st.sampled_from(["a", "a", "b", None, OTHER])),
        draw(st.sampled_from([*map(str, LEVELS[:2]), None])),
    )
    events = draw(
        st.lists(st.builds(FigureEvent, moments(), st.sampled_from(COUNTS), st.none()), max_size=3)
    )
    spans = st.builds(FigureEvent, moments(), st.sampled_from(SPANS), st.integers(0, 10**5))
    events += draw(st.lists(spans, max_size=2))
    turns = sorted(draw(st.lists(moments(), max_size=4)))
    backlog = tuple((at, 1 - 2 * (n % 2)) for n, at in enumerate(turns))
    return group, TicketFigures(tuple(events), backlog)


def shown(lives: list[Life]) -> list[dict[str, Any]]:
    cells = Cells(MONTH.since, MONTH.until)
    for life in lives:
        cells.add(*life)
    return month_rows(cells, MONTH, smallest=SMALLEST)[0]


def sizes(lives: list[Life]) -> dict[tuple[str, CellGroup], set[int]]:
    """The tickets that have a figure in each cell, found the long way round."""
    found: dict[tuple[str, CellGroup], set[int]] = defaultdict(set)
    for number, (group, (events, backlog)) in enumerate(lives):
        for day in range((MONTH.until - MONTH.since).days):
            start = MONTH.since + day * DAY
            has_event = any(start <= event.at < start + DAY for event in events)
            is_left = sum(change for at, change in backlog if at < start + DAY) > 0
            if has_event or is_left:
                found[f"{start:%Y-%m-%d}", group].add(number)
    return found


@pytest.mark.slow("makes many lives of many tickets")
@given(st.lists(tickets(), min_size=12, max_size=30))
def test_no_cell_of_fewer_tickets_is_shown(lives: list[Life]) -> None:
    *rows, total = shown(lives)
    found = sizes(lives)
    big = {cell for cell, those in found.items() if len(those) >= SMALLEST}

    seen = {(row["day"], CellGroup(row["category"], row["priority"])) for row in rows}

    assert {cell for cell in seen if cell[1].category != OTHER} == {
        cell for cell in big if cell[1].category != OTHER
    }
    others: Counter[tuple[str, str | None]] = Counter()
    small: Counter[tuple[str, str | None]] = Counter()
    for (day, group), those in found.items():
        if (day, group) not in big or group.category == OTHER:
            others[day, group.priority] += len(those)
            small[day, group.priority] += len(those) < SMALLEST
    enough = {key for key, size in others.items() if size >= SMALLEST}
    assert {(day, g.priority) for day, g in seen if g.category == OTHER} == enough
    assert total["summed_cells"] == sum(small[key] for key in enough)
    assert total["left_out_cells"] == sum(small.values()) - total["summed_cells"]


@given(st.lists(tickets(), max_size=60))
def test_the_total_is_what_is_shown(lives: list[Life]) -> None:
    *rows, total = shown(lives)

    for name in COUNTS:
        assert total[name] == sum(row[name] for row in rows)
    last = [row["backlog_end"] for row in rows if row["day"] == "2024-02-29"]
    assert total["backlog_end"] == sum(last)


@given(st.lists(tickets(), max_size=40), st.randoms(use_true_random=False))
def test_the_order_of_the_tickets_changes_nothing(lives: list[Life], random: Any) -> None:
    other = list(lives)
    random.shuffle(other)

    assert shown(lives) == shown(other)


@given(st.lists(tickets(), max_size=40))
def test_a_month_is_the_same_alone_and_among_others(lives: list[Life]) -> None:
    cells = Cells(MONTH.plus(-2).since, MONTH.plus(1).until)
    for life in lives:
        cells.add(*life)

    assert month_rows(cells, MONTH, smallest=SMALLEST)[0] == shown(lives)


def test_percentiles_are_by_nearest_rank() -> None:
    spans = [
        TicketFigures((FigureEvent(MONTH.since, "response_minutes", minutes),), ())
        for minutes in (50, 10, 40, 20, 30)
    ]

    row, _ = shown([(CellGroup("a", "low"), one) for one in spans])

    assert (row["response_minutes_p50"], row["response_minutes_p90"]) == (30, 50)
    assert row["resolution_minutes_p50"] is None


@pytest.mark.parametrize(
    ("month", "later", "found"), [("2024-02", 1, "2024-03"), ("2024-01", -1, "2023-12")]
)
def test_months_follow_each_other(month: str, later: int, found: str) -> None:
    assert str(Month.read(month).plus(later)) == found


@pytest.mark.parametrize("text", ["", "2024", "2024-00", "2024-13", "24-01", "2024-1", "٢٠٢٤-01"])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        Month.read(text)


def test_a_month_is_over_with_its_last_second() -> None:
    MONTH.require_over(datetime(2024, 3, 1, tzinfo=UTC))
    with pytest.raises(InvalidInput):
        MONTH.require_over(datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC))
