"""Ids as far as the database goes, and filters that are equal on every one (rules 20.7)."""

from __future__ import annotations

import json

import pytest

from savctl.persistence.engine import Database
from savctl.ports import SetClock
from tests.conftest import Cli
from tests.given import created, rows

GREATEST = 2**64 - 1
SQLITES = 2**63 - 1


@pytest.mark.only_on("mariadb")
def test_a_server_holds_ids_up_to_the_greatest(cli: Cli) -> None:
    made = cli(
        *("ticket", "create", "--user", GREATEST, "--order", GREATEST, "--subject", "s"),
        *("--description", "d", "--as", GREATEST, "-o", "ids"),
    )
    number = made.out.strip()
    assert made.code == 0, made.err
    for words in (
        ("ticket", "assign", number, "--to", GREATEST, "--as", GREATEST),
        ("message", "add", number, "--from", f"customer:{GREATEST}", "--body", "x"),
        ("gdpr", "export", GREATEST, "--out", "g.zip"),
        ("user", "show", GREATEST),
        ("ticket", "duplicates", "--user", GREATEST),
        ("db", "check"),
    ):
        outcome = cli(*words)
        assert outcome.code == 0, outcome.err

    for option in ("--user", "--order", "--agent"):
        assert cli("ticket", "list", option, GREATEST, "-o", "ids").out.split() == [number]
    assert cli("ticket", "list", "--user", SQLITES, "-o", "ids").out == ""
    places = json.loads(cli("gdpr", "find", GREATEST, "-o", "json").out)
    assert places
    assert '"user_id": 18446744073709551615' in cli("ticket", "show", number, "-o", "json").out


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize(
    "words",
    [
        ("ticket", "list", "--user", GREATEST),
        ("ticket", "list", "--agent", GREATEST),
        ("gdpr", "find", GREATEST),
        ("ticket", "create", "--user", GREATEST, "--subject", "s", "--description", "d"),
    ],
)
def test_sqlite_says_how_far_it_goes(cli: Cli, words: tuple[object, ...]) -> None:
    outcome = cli(*words)

    assert (outcome.code, outcome.out) == (2, "")
    assert str(SQLITES) in outcome.err


@pytest.mark.parametrize("number", [0, 2**64, -1])
def test_beyond_every_database_is_wrong_usage(cli: Cli, number: int) -> None:
    assert cli("ticket", "list", f"--user={number}").code == 2


WORDS = (
    "strasse",
    "straße",
    "Strasse",
    "strasse ",
    "cafe",
    "café",
    "cafe ",
    "a\\b",
    "100%",
    "a_b",
)


@pytest.mark.parametrize("word", WORDS)
def test_a_filter_finds_exactly_what_it_names(
    cli: Cli, database: Database, clock: SetClock, word: str
) -> None:
    for one in WORDS:
        created(database, clock, category=one, tags=(one,))

    for option in ("--category", "--tag"):
        outcome = cli("ticket", "list", option, word, "-o", "json")
        assert [row["category"] for row in json.loads(outcome.out)] == [word]
    assert len(rows(database, "SELECT id FROM support_tickets")) == len(WORDS)
