"""The state machine, against the specification's diagram written down once more."""

from __future__ import annotations

from itertools import pairwise, product

import pytest

from savctl.domain.model import states
from savctl.domain.model.states import TRANSITIONS, Status

OPEN, WORK, WAIT, DONE, SHUT = Status
DIAGRAM = {
    (OPEN, WORK),
    (OPEN, SHUT),
    (WORK, WAIT),
    (WORK, DONE),
    (WORK, OPEN),
    (WAIT, WORK),
    (WAIT, SHUT),
    (DONE, SHUT),
    (DONE, WORK),
}
# Every way that takes more than one arrow, as ops need it; a bridge never crosses `closed`.
WAYS = {
    (OPEN, WAIT): [WORK, WAIT],
    (OPEN, DONE): [WORK, DONE],
    (WORK, SHUT): [DONE, SHUT],
    (WAIT, DONE): [WORK, DONE],
    (WAIT, OPEN): [WORK, OPEN],
    (DONE, WAIT): [WORK, WAIT],
    (DONE, OPEN): [WORK, OPEN],
}
PAIRS = list(product(Status, Status))


@pytest.mark.parametrize(("origin", "to"), PAIRS)
def test_the_nine_arrows_of_the_diagram_and_no_others(origin: Status, to: Status) -> None:
    assert states.is_allowed(origin, to) == ((origin, to) in DIAGRAM)


def test_each_arrow_stands_once() -> None:
    assert len(TRANSITIONS) == len(DIAGRAM) == 9


@pytest.mark.parametrize("origin", Status)
def test_what_is_allowed_from_a_state_is_what_the_diagram_shows(origin: Status) -> None:
    allowed = {(arrow.origin, arrow.to) for arrow in states.allowed_from(origin)}

    assert allowed == {pair for pair in DIAGRAM if pair[0] is origin}


def test_nothing_leaves_closed() -> None:
    assert states.allowed_from(SHUT) == ()


def test_the_automated_arrows_are_those_of_the_specification() -> None:
    automated = {(arrow.origin, arrow.to) for arrow in TRANSITIONS if arrow.automated}

    assert automated == {(OPEN, WORK), (WAIT, WORK), (WAIT, SHUT), (DONE, SHUT)}


def test_the_states_are_in_the_order_of_the_column() -> None:
    assert list(map(str, Status)) == [
        "open",
        "in_progress",
        "waiting_customer",
        "resolved",
        "closed",
    ]


@pytest.mark.parametrize(("origin", "to"), PAIRS)
def test_a_bridge_takes_the_known_way(origin: Status, to: Status) -> None:
    direct = [to] if (origin, to) in DIAGRAM else []

    assert list(states.bridge(origin, to)) == WAYS.get((origin, to), direct)


@pytest.mark.parametrize(("origin", "to"), PAIRS)
def test_each_step_of_a_bridge_is_an_arrow(origin: Status, to: Status) -> None:
    way = [origin, *states.bridge(origin, to)]

    assert set(pairwise(way)) <= DIAGRAM
    assert SHUT not in way[1:-1]
