"""Rows in the order of time: the same in memory and merged from disk."""

from __future__ import annotations

import random

from savctl.usecases.replay.time_order import Keyed, in_time_order


def test_many_rows_are_sorted_as_few_are() -> None:
    drawn = random.Random(1)
    rows: list[Keyed] = [
        (drawn.randrange(50), [drawn.randrange(3)], line, ["x", str(line)])
        for line in range(2, 1_002)
    ]

    in_memory = list(in_time_order(rows, in_memory=2_000))
    from_disk = list(in_time_order(rows, in_memory=64))

    assert from_disk == in_memory == sorted(rows, key=lambda row: row[:3])


def test_rows_of_one_instant_stay_in_the_order_of_the_file() -> None:
    rows: list[Keyed] = [(7, [], line, None) for line in range(2, 300)]

    assert list(in_time_order(rows, in_memory=10)) == rows


def test_no_rows_are_no_rows() -> None:
    assert list(in_time_order([])) == []
