"""The same key and input answers the first result again (contract 1.12)."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from savctl.persistence.engine import Database
from savctl.ports import SetClock
from tests.conftest import Cli
from tests.given import created, rows, snapshot

pytestmark = pytest.mark.each_database("the key is held by a unique index and locks")

NEW = ("ticket", "create", "--user", 456, "--subject", "Lost", "--description", "Where?")
MESSAGE = ("message", "add", "{}", "--from", "customer:456", "--body", "Any news?")
KEY = ("--idempotency-key", "mail-4711", "-o", "json")


def test_a_repeated_creation_answers_the_first_ticket(cli: Cli, database: Database) -> None:
    first = json.loads(cli(*NEW, *KEY).out)
    before = snapshot(database)

    outcome = cli(*NEW, *KEY)

    again = json.loads(outcome.out)
    assert (outcome.code, again["replayed"], again["changed"]) == (0, True, False)
    assert again["ticket_number"] == first["ticket_number"]
    assert "replayed" not in first
    assert snapshot(database) == before


def test_a_repeated_message_answers_the_first_message(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    words = [word.format(created(database, clock).ticket_number) for word in MESSAGE]
    first = json.loads(cli(*words, *KEY).out)
    before = snapshot(database)

    outcome = cli(*words, *KEY)

    again = json.loads(outcome.out)
    assert (outcome.code, again["replayed"], again["id"]) == (0, True, first["id"])
    assert {name: again[name] for name in first if name in again and name != "changed"} == {
        name: value for name, value in first.items() if name != "changed"
    }
    assert snapshot(database) == before


def test_a_replayed_message_survives_the_closing_of_its_ticket(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    number = created(database, clock).ticket_number
    words = [word.format(number) for word in MESSAGE]
    first = json.loads(cli(*words, *KEY).out)
    cli("ticket", "close", number, "--reason", "spam")

    again = cli(*words, *KEY)

    assert (again.code, json.loads(again.out)["id"]) == (0, first["id"])


@pytest.mark.parametrize(
    "other",
    [
        (*NEW[:3], 457, *NEW[4:]),
        (*NEW[:5], "Found", *NEW[6:]),
        (*NEW, "--priority", "high"),
        (*NEW, "--tag", "x"),
        (*NEW, "--meta", "a=1"),
        (*NEW, "--vip"),
    ],
)
def test_the_same_key_with_other_input_is_refused(
    cli: Cli, database: Database, other: tuple[object, ...]
) -> None:
    cli(*NEW, *KEY)
    before = snapshot(database)

    outcome = cli(*other, *KEY)

    assert (outcome.code, outcome.out) == (5, "")
    assert "'mail-4711' was used for another request" in outcome.err
    assert snapshot(database) == before


def test_the_same_key_for_another_command_is_refused(cli: Cli) -> None:
    number = json.loads(cli(*NEW, *KEY).out)["ticket_number"]

    outcome = cli(*(word.format(number) for word in MESSAGE), *KEY)

    assert outcome.code == 5


def test_keys_that_look_alike_are_different_keys(cli: Cli, database: Database) -> None:
    for key in ("mail-e", "Mail-e", "mail-é", "mail-e\u0301"):
        outcome = cli(*NEW, "--idempotency-key", key, "-o", "json")
        assert outcome.code == 0, outcome.err

    assert len(rows(database, "SELECT id FROM support_tickets")) == 4


def test_spaces_around_a_key_do_not_count(cli: Cli, database: Database) -> None:
    for key in ("mail-e", "mail-e ", " mail-e"):
        cli(*NEW, "--idempotency-key", key)

    assert len(rows(database, "SELECT id FROM support_tickets")) == 1


def test_a_dry_run_does_not_use_the_key_up(cli: Cli, database: Database) -> None:
    before = snapshot(database)
    cli(*NEW, *KEY, "--dry-run")

    assert snapshot(database) == before
    assert "replayed" not in json.loads(cli(*NEW, *KEY).out)


@pytest.mark.slow("starts Python twice")
@pytest.mark.parametrize("kind_of_request", ["create", "message"])
def test_of_two_processes_with_one_key_one_does_it_and_the_other_answers_the_same(
    database: Database,
    database_url: str,
    environment: dict[str, str],
    clock: SetClock,
    kind_of_request: str,
) -> None:
    number = created(database, clock).ticket_number
    words = NEW if kind_of_request == "create" else [word.format(number) for word in MESSAGE]
    table = "support_tickets" if kind_of_request == "create" else "ticket_messages"
    count = f"SELECT COUNT(*) AS n FROM {table}"
    before = rows(database, count)[0]["n"]

    racers = [
        subprocess.Popen(
            [sys.executable, "-m", "savctl", *map(str, words), *KEY],
            env=environment | {"SAVCTL_DATABASE_URL": database_url},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    answers = [json.loads(racer.communicate(timeout=60)[0]) for racer in racers]

    assert [racer.returncode for racer in racers] == [0] * 4
    assert rows(database, count)[0]["n"] == before + 1
    assert len({answer["id"] for answer in answers}) == 1
    assert sorted("replayed" in answer for answer in answers) == [False, True, True, True]
