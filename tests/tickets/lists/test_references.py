"""What digits alone name: the number of an imported ticket first, then an id (rules 20.1)."""

from __future__ import annotations

import json

import pytest

from savctl.persistence.engine import Database
from savctl.ports import SetClock
from tests.conftest import Cli
from tests.given import created

# ids 1, 2, 3 in this order
NUMBERS = ("2", "1", "20240001")


@pytest.fixture
def imported(cli: Cli) -> Cli:
    """Three tickets of another desk, whose numbers are digits."""
    lines = [
        {"ticket_number": number, "user_id": 1, "subject": "s", "description": "d"}
        for number in NUMBERS
    ]
    text = "\n".join(map(json.dumps, lines))
    done = cli("ticket", "import", "-", "--format", "jsonl", "--source", "a", stdin=text)
    assert done.code == 0, done.err
    return cli


def shown(cli: Cli, word: str) -> int:
    outcome = cli("ticket", "show", word, "-o", "json")
    assert outcome.code == 0, outcome.err
    return int(json.loads(outcome.out)["id"])


@pytest.mark.parametrize(
    ("word", "ticket_id"),
    [
        ("20240001", 3),  # a number, and no id
        ("3", 3),  # an id, and no number
        ("id:1", 1),
        ("ID:2", 2),
        ("number:1", 2),
        ("number:2", 1),
        ("number:20240001", 3),
    ],
)
def test_a_word_names_one_ticket(imported: Cli, word: str, ticket_id: int) -> None:
    assert shown(imported, word) == ticket_id


def test_a_number_that_is_another_tickets_id_is_refused_and_both_are_named(imported: Cli) -> None:
    outcome = imported("ticket", "close", "2", "--reason", "spam", "-o", "json")

    error = json.loads(outcome.err)["error"]
    assert (outcome.code, error["code"], error["exit"]) == (5, "ambiguous_reference", 5)
    assert error["by_number"] == {"id": 1, "ticket_number": "2"}
    assert error["by_id"] == {"id": 2, "ticket_number": "1"}
    assert "number:2" in error["hint"]
    assert "id:2" in error["hint"]


def test_numbers_and_ids_of_one_ticket_agree(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)
    database.transaction(
        lambda c: c.exec_driver_sql(
            f"UPDATE support_tickets SET ticket_number = '{ticket.id}' WHERE id = {ticket.id}"
        )
    )

    assert shown(cli, str(ticket.id)) == ticket.id


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("ticket", "history", "1"), 5),
        (("ticket", "list", "--after", "1"), 5),
        (("message", "list", "2"), 5),
        (("message", "add", "2", "--from", "customer:1", "--body", "x"), 5),
        (("attachment", "list", "1"), 5),
        (("sla", "show", "1"), 5),
        (("sla", "explain", "2"), 5),
        (("ticket", "merge", "1", "--into", "3", "--yes"), 5),
        (("ticket", "merge", "id:1", "--into", "number:1", "--yes"), 0),
        (("gdpr", "hold", "add", "2", "--reason", "x"), 5),
        (("event", "list", "--ticket", "1"), 5),
        (("ticket", "show", "4"), 4),
        (("ticket", "show", "0"), 2),
        (("ticket", "show", "99999999999999999999999"), 2),
        (("ticket", "show", "number:99999999999999999999999"), 4),
        (("ticket", "show", "id:0"), 2),
        (("ticket", "show", "id:x"), 2),
        (("ticket", "show", "id:"), 2),
        (("ticket", "show", "number:"), 2),
        (("archive", "show", "2"), 5),
    ],
)
def test_every_command_reads_a_reference_in_the_same_way(
    imported: Cli, words: tuple[str, ...], code: int
) -> None:
    outcome = imported(*words)

    assert outcome.code == code, outcome.err


def test_lines_on_stdin_say_by_their_keys_what_they_name(imported: Cli) -> None:
    lines = '{"ticket_number": "2", "id": 1}\n{"id": 2}\n'

    outcome = imported("ticket", "close", "-", "--reason", "spam", "-o", "ids", stdin=lines)

    assert (outcome.code, outcome.out.split()) == (0, ["2", "1"])
