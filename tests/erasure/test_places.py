"""Every column and key of a customer has a place that erases it (rules 9.6, 16.3)."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from savctl.domain.privacy.inventory import INVENTORY, Entry, Whose
from savctl.domain.privacy.inventory.entry import CONTRACT, Care, Export
from savctl.usecases.erasure.out_of_reach import OUT_OF_REACH
from savctl.usecases.erasure.place import Place
from savctl.usecases.erasure.places import all_places


def uncovered(entries: Iterable[Entry]) -> list[str]:
    """What is a customer's and in no place."""
    patterns = {pattern for place in all_places() for pattern in place.holds}
    return [
        entry.place
        for entry in entries
        if Whose.CUSTOMER in entry.whose
        and entry.place not in OUT_OF_REACH
        and not any(_covers(pattern, entry.place) for pattern in patterns)
    ]


def _covers(pattern: str, place: str) -> bool:
    """`table.*` covers its columns, `table.column:*` the keys inside one."""
    if not pattern.endswith("*"):
        return pattern == place
    start = pattern[:-1]
    return place.startswith(start) and (start.endswith(":") or ":" not in place)


def test_whatever_is_a_customers_is_in_a_place() -> None:
    assert uncovered(INVENTORY) == [], "add a module to savctl/usecases/erasure/places/"


@pytest.mark.parametrize(
    "place", ["savctl_more.shoe_size", "savctl_vips.shoe:size", "bucket: faces/", "spool: faces"]
)
def test_what_was_forgotten_would_be_found(place: str) -> None:
    care = Care(basis=CONTRACT, retention="for ever", erased="never")
    forgotten = Entry(
        place=place, whose=(Whose.CUSTOMER,), what="a size", care=care, export=Export.NO
    )

    assert uncovered([forgotten]) == [place]


def test_a_place_names_nothing_that_the_inventory_does_not_have() -> None:
    known = [entry.place for entry in INVENTORY]
    for place in all_places():
        for pattern in place.holds:
            assert any(_covers(pattern, one) for one in known), pattern


def test_every_place_has_its_own_name_and_what_names_keys_goes_before_the_objects() -> None:
    names = [place.name for place in all_places()]
    orders = {place.name: place.order for place in all_places()}

    assert len(names) == len(set(names))
    for earlier in ("tickets", "archive", "messages_elsewhere", "uploads"):
        assert orders[earlier] < orders["objects"]
    assert names[-1] == "free_pages"
    assert all(isinstance(place, Place) for place in all_places())
