"""Ids of another database never point at rows of this one (rules 20.4)."""

from __future__ import annotations

import json

import pytest

from savctl.domain.model.imported_links import set_aside
from tests.conftest import Cli

LINKS = {
    "merged_into": {"ticket_id": 7, "ticket_number": "TKT-X"},
    "merged_from": [{"ticket_id": 8}],
    "moved_messages": [{"ticket_id": 1, "messages": [1, 2], "hidden": [1], "files": []}],
    "split_from": {"ticket_id": 9},
    "follow_up_of": {"ticket_id": 10},
}


@pytest.mark.parametrize("name", sorted(LINKS))
def test_a_link_is_kept_where_nothing_follows_it(name: str) -> None:
    found = set_aside({name: LINKS[name], "price": "1.10"})

    assert found == {"price": "1.10", "imported_from": {name: LINKS[name]}}


def test_a_hold_goes_on_without_the_id_of_who_placed_it() -> None:
    hold = {"reason": "court", "at": "2025-01-01T00:00:00Z", "actor": 5}

    found = set_aside({"legal_hold": hold})

    assert found["legal_hold"] == {**hold, "actor": None}
    assert found["imported_from"] == {"legal_hold": hold}


@pytest.mark.parametrize("hold", ["yes", True, [1]])
def test_a_hold_of_another_shape_stays_as_it_is(hold: object) -> None:
    assert set_aside({"legal_hold": hold}) == {"legal_hold": hold}


def test_a_promise_keeps_its_priority_and_not_the_number_of_its_policy() -> None:
    promise = {"priority": "high", "policy": 3, "since": "2025-01-01T00:00:00Z"}

    found = set_aside({"sla": {"promise": promise, "breaches": []}})

    kept = {"priority": "high", "since": "2025-01-01T00:00:00Z"}
    assert found["sla"] == {"promise": kept, "breaches": []}
    assert found["imported_from"] == {"sla_policy": 3}


def test_what_was_imported_before_keeps_where_that_came_from() -> None:
    found = set_aside({"imported_from": {"split_from": 1}, "merged_from": []})

    assert found["imported_from"] == {"merged_from": [], "imported_from": {"split_from": 1}}


def test_messages_of_this_database_are_not_taken_for_moved_ones(cli: Cli) -> None:
    line = {
        "ticket_number": "TKT-MOVED",
        "user_id": 1,
        "subject": "s",
        "description": "d",
        "status": "in_progress",
        "assigned_to": 10,
        "metadata": LINKS,
    }
    done = cli(
        "ticket", "import", "-", "--format", "jsonl", "--source", "a", stdin=json.dumps(line)
    )
    assert done.code == 0, done.err
    cli("message", "add", "TKT-MOVED", "--from", "customer:1", "--body", "mine")
    cli("message", "add", "TKT-MOVED", "--from", "agent:10", "--body", "the answer")

    answer = json.loads(cli("sla", "explain", "TKT-MOVED", "-o", "json").out)["answer"]
    found = cli("gdpr", "export", 1, "--out", "g.zip", "--force")
    check = cli("db", "check", "-o", "json")

    assert answer["message_id"] == 2
    assert found.code == 0, found.err
    assert check.code == 0, check.out
    assert len(rows_of(cli)) == 1


def rows_of(cli: Cli) -> list[object]:
    found = json.loads(cli("ticket", "list", "-o", "json").out)
    assert found[0]["metadata"]["imported_from"] == LINKS
    return list(found)


def test_a_ticket_that_was_merged_away_there_stays_out_of_sla_reports(
    cli: Cli,
) -> None:
    line = {
        "ticket_number": "TKT-GONE",
        "user_id": 1,
        "subject": "s",
        "description": "d",
        "status": "closed",
        "metadata": {"merged_into": LINKS["merged_into"]},
    }
    cli("ticket", "import", "-", "--format", "jsonl", "--source", "a", stdin=json.dumps(line))

    report = json.loads(cli("sla", "report", "-o", "json").out)

    assert report[-1]["tickets"] == 0
