"""Lives of tickets whose clocks were computed by hand (rules 4)."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from savctl.domain.sla.targets import ClockSource
from tests.sla.golden.lives import USUAL, same, seen, side_text, span

LIVES = tomllib.loads((Path(__file__).parent / "golden" / "sla.toml").read_text())["life"]
BY_NAME = pytest.mark.parametrize("case", LIVES, ids=lambda case: case["name"])


def test_there_are_enough_of_them_and_each_has_a_name_of_its_own() -> None:
    assert len(LIVES) >= 60
    assert len({case["name"] for case in LIVES}) == len(LIVES)


@BY_NAME
def test_both_clocks_are_as_computed_by_hand(case: dict[str, Any]) -> None:
    base = datetime.fromisoformat(case.get("base", USUAL)).astimezone(UTC)

    _, sla = seen(case)

    assert side_text(sla.response, base) == same(case["response"])
    assert side_text(sla.resolution, base) == same(case["resolution"])
    assert sla.timeline.source == case.get("source", "history")
    assert (sla.timeline.problem is not None) is (sla.timeline.source is ClockSource.PARTIAL)
    assert sla.is_counted is case.get("counted", True)


@pytest.mark.parametrize(
    "case", [case for case in LIVES if "segments" in case], ids=lambda case: case["name"]
)
def test_the_stretches_are_as_reported(case: dict[str, Any]) -> None:
    _, sla = seen(case)

    found = [f"{s.status} {span(s.end - s.start)}" for s in sla.timeline.segments]

    assert ", ".join(found) == same(case["segments"])
