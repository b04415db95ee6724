"""`ticket list` on the command line: pages, limits, filters (contract 1.1, 1.8; rules 11.10)."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from tests.conftest import Cli
from tests.given import brought_to, created, write

pytestmark = pytest.mark.each_database("sorting, filtering and paging are each database's own")

COUNT = 11
ORDERS = ("id", "created_at", "updated_at", "priority", "status", "ticket_number")


@pytest.fixture
def alike(database: Database, clock: SetClock) -> set[str]:
    """Tickets of which several are the same in everything that can be sorted by."""
    numbers = set()
    for n in range(COUNT):
        if n % 4 == 0:
            clock.advance(timedelta(seconds=1))
        status = (Status.OPEN, Status.OPEN, Status.IN_PROGRESS, Status.CLOSED)[n % 4]
        priority = (Priority.HIGH, Priority.LOW)[n % 2]
        numbers.add(brought_to(database, clock, status, priority=priority).ticket_number)
    return numbers


def listed(cli: Cli, *words: object) -> list[str]:
    outcome = cli("ticket", "list", *words, "-o", "ids")
    assert outcome.code == 0, outcome.err
    return outcome.out.split()


@pytest.mark.parametrize("sort", [*ORDERS, *(f"-{field}" for field in ORDERS)])
@pytest.mark.parametrize("size", [1, 4])
def test_pages_visit_every_ticket_exactly_once_in_every_order(
    cli: Cli, alike: set[str], sort: str, size: int
) -> None:
    seen: list[str] = []

    while page := listed(
        cli, "--sort", sort, "--limit", size, *(("--after", seen[-1]) if seen else ())
    ):
        assert len(page) <= size
        seen += page

    assert seen == listed(cli, "--sort", sort, "--limit", 0)
    assert sorted(seen) == sorted(alike)


@pytest.mark.parametrize(
    ("sort", "column"), [("priority", "priority"), ("-status", "status"), ("-id", "id")]
)
def test_the_order_is_the_one_asked_for(cli: Cli, alike: set[str], sort: str, column: str) -> None:
    rows = json.loads(cli("ticket", "list", "--sort", sort, "-o", "json").out)

    ranks = {word: rank for kind in (Priority, Status) for rank, word in enumerate(kind)}
    keys = [ranks.get(row[column], row["id"]) for row in rows]
    assert keys == sorted(keys, reverse=sort.startswith("-"))


def test_fifty_are_shown_and_the_rest_is_reported(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    for _ in range(51):
        created(database, clock)

    outcome = cli("ticket", "list", "-o", "ids")

    numbers = outcome.out.split()
    assert len(numbers) == 50
    assert f"there are more: --after {numbers[-1]}, or --limit 0 for all" in outcome.err
    assert len(listed(cli, "--after", numbers[-1])) == 1
    everything = cli("ticket", "list", "--limit", 0, "-o", "ids")
    assert (len(everything.out.split()), everything.err) == (51, "")
    assert cli("ticket", "list", "-q").err == ""


def test_since_is_included_and_until_is_not(cli: Cli, database: Database, clock: SetClock) -> None:
    first = created(database, clock).ticket_number
    clock.advance(timedelta(hours=1))
    second = created(database, clock).ticket_number

    assert listed(cli, "--since", "2025-10-03T10:30:00Z") == [second, first]
    assert listed(cli, "--since", "2025-10-03T10:30:01Z") == [second]
    assert listed(cli, "--until", "2025-10-03T11:30:00Z") == [first]
    assert listed(cli, "--until", "2025-10-03T13:30:00+02:00") == [first]
    assert listed(cli, "--since", "2025-10-03", "--until", "2025-10-04") == [second, first]
    assert listed(cli, "--since", "30m", "--at", "2025-10-03T11:30:00Z") == [second]


@pytest.mark.parametrize(
    "bounds",
    [
        ("--since", "36500d"),
        ("--since", "1000-01-01"),
        ("--until", "9999-12-31"),
        ("--since", "1970-01-01", "--until", "2038-01-20"),
    ],
)
def test_bounds_that_no_column_can_hold_are_bounds_all_the_same(
    cli: Cli, database: Database, clock: SetClock, bounds: tuple[str, ...]
) -> None:
    number = created(database, clock).ticket_number

    assert listed(cli, *bounds) == [number]


def test_bounds_the_wrong_way_round_are_no_empty_list(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    created(database, clock)

    for words in (("ticket", "list"), ("export", "tickets", "--out", "t.csv")):
        outcome = cli(*words, "--since", "1d", "--until", "7d")

        assert (outcome.code, outcome.out) == (2, "")
        assert "--since 1d must be earlier than --until 7d" in outcome.err
    assert cli("ticket", "list", "--since", "2025-10-03", "--until", "2025-10-03").code == 0


def test_filters_narrow_together(cli: Cli, database: Database, clock: SetClock) -> None:
    one = created(database, clock, user_id=1, category="shipping", order_id=7).ticket_number
    two = created(database, clock, user_id=2, category="Shipping", order_id=7).ticket_number
    three = brought_to(database, clock, Status.IN_PROGRESS, user_id=1).ticket_number

    assert listed(cli, "--user", 1) == [three, one]
    assert listed(cli, "--user", 1, "--agent", "none") == [one]
    assert listed(cli, "--agent", 10) == [three]
    assert listed(cli, "--category", "shipping") == [one]
    assert listed(cli, "--category", "Shipping", "--user", 2) == [two]
    assert listed(cli, "--order", 7) == [two, one]
    assert listed(cli, "--status", "open,IN_PROGRESS", "--status", "closed") == [three, two, one]
    assert listed(cli, "--status", "in_progress", "--priority", "medium,high") == [three]
    assert listed(cli, "--status", "resolved") == []


@pytest.mark.parametrize("tag", ["vip", "à rappeler", 'a "b" \\ c', "50%", "a/b", "'", "📦", "1"])
def test_a_tag_is_found_whoever_wrote_it(
    cli: Cli, database: Database, clock: SetClock, tag: str
) -> None:
    ours = created(database, clock, tags=(tag, "other")).ticket_number
    created(database, clock, tags=("other", tag.upper() + "X"))
    theirs = created(database, clock)
    escaped = json.dumps({"tags": ["x", tag]}).replace("/", "\\/")  # as PHP writes JSON
    literal = escaped.replace("'", "''")
    if not database.is_sqlite:
        literal = literal.replace("\\", "\\\\").replace("%", "%%")
    write(database, f"UPDATE support_tickets SET metadata = '{literal}' WHERE id = {theirs.id}")

    assert listed(cli, "--tag", tag) == [theirs.ticket_number, ours]


@pytest.mark.parametrize(
    "metadata",
    ["NULL", "'[]'", "'[\"vip\"]'", '\'{"tags": "vip"}\'', '\'{"tags": [["vip"]]}\''],
)
def test_metadata_of_another_shape_has_no_tags(
    cli: Cli, database: Database, clock: SetClock, metadata: str
) -> None:
    created(database, clock)
    write(database, f"UPDATE support_tickets SET metadata = {metadata}")

    assert listed(cli, "--tag", "vip") == []
    assert listed(cli, "--breached") == []
