"""`-` reads what the commands print: ids, JSON lines, or a JSON array (contract 1.7)."""

from __future__ import annotations

import json

import pytest

from savctl.persistence.engine import Database
from savctl.ports import SetClock
from tests.conftest import Cli
from tests.given import created

ASSIGN = ("ticket", "assign", "-", "--to", 10, "-o", "json")


@pytest.mark.parametrize("form", ["ids", "jsonl", "json"])
def test_the_output_of_a_list_is_the_input_of_a_writer(
    cli: Cli, database: Database, clock: SetClock, form: str
) -> None:
    numbers = [created(database, clock).ticket_number for _ in range(3)]
    listed = cli("ticket", "list", "--sort", "id", "-o", form).out

    outcome = cli(*ASSIGN, stdin=listed)

    assert outcome.code == 0
    assert [row["ticket_number"] for row in json.loads(outcome.out)] == numbers


@pytest.mark.parametrize("text", ['[1, "2"]', ' [\n1,\n"2"\n]\n', "1\n2\n", "[]", "\n"])
def test_an_array_may_hold_ids_and_may_be_empty(
    cli: Cli, database: Database, clock: SetClock, text: str
) -> None:
    for _ in range(2):
        created(database, clock)

    outcome = cli(*ASSIGN, stdin=text)

    assert outcome.code == 0
    assert [row["id"] for row in json.loads(outcome.out)] == ([1, 2] if "1" in text else [])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[1, 2", "stdin line 1 begins no valid JSON array"),
        ("[{}]", "item 1 of the array on stdin has neither ticket_number nor id"),
        ("[true]", "item 1 of the array on stdin has neither"),
        ("[[1]]", "item 1 of the array on stdin has neither"),
        ("1\n{}", "stdin line 2 has neither ticket_number nor id"),
    ],
)
def test_what_names_no_ticket_is_refused_before_anything_changes(
    cli: Cli, database: Database, clock: SetClock, text: str, reason: str
) -> None:
    created(database, clock)

    outcome = cli(*ASSIGN, stdin=text)

    assert (outcome.code, outcome.out) == (2, "")
    assert reason in json.loads(outcome.err)["error"]["message"]
    assert cli("ticket", "list", "--agent", "10").out == ""
