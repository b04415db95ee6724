"""Finding duplicates: the same trouble told twice by one customer, and nothing else."""

from __future__ import annotations

import json

import pytest

from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.tickets.duplicates import find_duplicates
from tests.conftest import Cli
from tests.given import CUSTOMER, created, snapshot, write
from tests.tickets.talk import STRANGER, merge

pytestmark = pytest.mark.each_database("texts are compared by SQL")

PARCEL = "My parcel was announced for Tuesday and has not arrived."
AGAIN = "my parcel was anounced for tuesday, and still has not arrived!"


def pairs(database: Database, at_least: float = 0.6) -> list[tuple[int, int]]:
    return [(p.newer.id, p.older.id) for p in find_duplicates(database, at_least=at_least)]


def test_the_same_trouble_reported_twice_is_found_with_its_reasons(
    database: Database, clock: SetClock
) -> None:
    first = created(database, clock, description=PARCEL, order_id=7)
    created(database, clock, subject="Refund", description="Please pay me back.", order_id=7)
    second = created(database, clock, description=AGAIN, order_id=7)

    (found,) = find_duplicates(database, at_least=0.6)

    assert (found.newer.id, found.older.id) == (second.id, first.id)
    assert 0.8 < found.score < 1
    assert found.why[:2] == ("same order 7", "subject 100% alike")


def test_without_an_order_the_category_decides(database: Database, clock: SetClock) -> None:
    first = created(database, clock, description=PARCEL, category="shipping")
    created(database, clock, description=PARCEL, category="billing")
    third = created(database, clock, description=PARCEL, category="shipping", order_id=7)

    assert pairs(database) == [(third.id, first.id)]


@pytest.mark.parametrize(
    "other",
    [
        {"user_id": STRANGER, "order_id": 7},
        {"order_id": 8},
        {"order_id": 7, "subject": "Ring", "description": "It is too small for my finger"},
    ],
)
def test_other_customers_orders_and_troubles_are_no_duplicates(
    database: Database, clock: SetClock, other: dict[str, object]
) -> None:
    created(database, clock, description=PARCEL, order_id=7)
    created(database, clock, **{"description": PARCEL, **other})

    assert pairs(database) == []


def test_texts_in_every_writing_are_compared(database: Database, clock: SetClock) -> None:
    for words in ("我的包裹还没有到,请帮我查一下", "我的包裹还没有到,请帮我查一查"):
        created(database, clock, subject="包裹", description=words)
    created(database, clock, subject="!", description="?")

    assert pairs(database) == [(2, 1)]


def test_what_was_merged_is_no_candidate_any_more(database: Database, clock: SetClock) -> None:
    first, second = (created(database, clock, description=PARCEL) for _ in range(2))
    merge(database, clock, second, into=first)

    assert pairs(database, 0) == []


def test_many_customers_come_page_by_page(
    database: Database, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for user in (1, 2, 3, 4, 5):
        for _ in range(2):
            created(database, clock, user_id=user, description=PARCEL)
    write(database, "UPDATE support_tickets SET user_id = 6 WHERE id = 10")
    monkeypatch.setattr("savctl.usecases.tickets.duplicates._CUSTOMERS", 2)

    assert [pair.newer.user_id for pair in find_duplicates(database, at_least=1)] == [1, 2, 3, 4]
    assert len(list(find_duplicates(database, at_least=1, user_id=3))) == 1


def test_the_command_shows_them_and_changes_nothing(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    first, second = (created(database, clock, description=PARCEL, order_id=7) for _ in range(2))
    before = snapshot(database)

    answer = json.loads(cli("ticket", "duplicates", "-o", "json").out)
    ids = cli("ticket", "duplicates", "--user", CUSTOMER, "-o", "ids").out

    assert [(t["ticket_number"], t["duplicate_of"], t["score"]) for t in answer] == [
        (second.ticket_number, first.ticket_number, 1.0)
    ]
    assert ids == f"{second.ticket_number}\n"
    assert cli("ticket", "duplicates", "--min-score", "nan").code == 2
    assert snapshot(database) == before
