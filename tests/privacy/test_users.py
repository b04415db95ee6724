"""A person is named by a user id or an e-mail address, and found by a part of a name."""

from __future__ import annotations

import json

import pytest

from savctl.persistence.engine import Database
from savctl.ports import SetClock
from tests.conftest import Cli
from tests.given import CUSTOMER, created, write
from tests.privacy.people import OTHER, people

pytestmark = pytest.mark.each_database("users are found by SQL")

BY_PERSON = [
    ("user", "show"),
    ("gdpr", "find"),
    ("ticket", "list", "--user"),
    ("ticket", "duplicates", "--user"),
    ("user", "vip", "--dry-run"),
    ("export", "tickets", "--dry-run", "--out", "x.csv", "--user"),
    ("gdpr", "export", "--dry-run", "--out", "x.zip"),
]
NO_USER = ["0", "-1", "1.5", "ada", "@x.org", "ada@", "a da@x.org", "9" * 20]


def user(database: Database, user_id: int, email: str, first: str = "A", last: str = "B") -> None:
    write(
        database,
        "INSERT INTO users (id, email, firstname, lastname) "
        f"VALUES ({user_id}, '{email}', '{first}', '{last}')",
    )


def ids(cli: Cli, *words: object) -> list[int]:
    return [int(line) for line in cli("user", "list", *words, "-o", "ids").out.split()]


@pytest.mark.parametrize("words", BY_PERSON, ids=" ".join)
def test_an_address_answers_what_the_id_answers(
    cli: Cli, database: Database, clock: SetClock, words: tuple[str, ...]
) -> None:
    people(database)
    created(database, clock)
    created(database, clock, user_id=OTHER)

    by_id = cli(*words, CUSTOMER, "-o", "json")
    by_address = cli(*words, "Ada@Example.org", "-o", "json")

    assert (by_id.code, by_address.code) == (0, 0)
    assert _lasting(by_address.out) == _lasting(by_id.out)


@pytest.mark.parametrize("words", BY_PERSON, ids=" ".join)
def test_an_unknown_address_is_not_found(cli: Cli, words: tuple[str, ...]) -> None:
    outcome = cli(*words, "nobody@example.org", "-o", "json")

    assert (outcome.code, outcome.out) == (4, "")
    error = json.loads(outcome.err.splitlines()[-1])["error"]
    assert error["message"] == "no user has the e-mail address nobody@example.org"
    assert error["email"] == "nobody@example.org"


@pytest.mark.parametrize("words", BY_PERSON, ids=" ".join)
def test_an_address_of_several_users_is_refused_with_their_ids(
    cli: Cli, database: Database, words: tuple[str, ...]
) -> None:
    user(database, 7, "shared@example.org")
    user(database, 8, "Shared@example.org")
    user(database, 9, "shäred@example.org")

    outcome = cli(*words, "shared@example.org", "-o", "json")

    assert (outcome.code, outcome.out) == (5, "")
    error = json.loads(outcome.err.splitlines()[-1])["error"]
    assert error["user_ids"] == [7, 8]
    assert error["message"].endswith("shared@example.org: 7, 8")
    assert error["hint"] == "Give the user id."


@pytest.mark.parametrize("given", NO_USER)
def test_what_names_no_user_is_a_usage_error(cli: Cli, given: str) -> None:
    outcome = cli("gdpr", "find", "--", given)

    assert (outcome.code, outcome.out) == (2, "")
    assert f"error: USER must be a user id or an e-mail address, not {given!r}" in outcome.err
    assert "from 1 to" in outcome.err


def test_users_are_listed_by_id_and_page_by_page(cli: Cli, database: Database) -> None:
    people(database)

    first = cli("user", "list", "--limit", 2, "-o", "json")

    rows = json.loads(first.out)
    assert [row["id"] for row in rows] == [10, CUSTOMER]
    assert rows[1] == {
        "id": CUSTOMER,
        "email": "ada@example.org",
        "firstname": "Ada",
        "lastname": "Byron",
        "vip": False,
    }
    assert f"--after {CUSTOMER}" in first.err
    assert ids(cli, "--after", CUSTOMER) == [OTHER]
    assert ids(cli, "--limit", 0) == [10, CUSTOMER, OTHER]


def test_a_vip_is_shown_as_one(cli: Cli, database: Database) -> None:
    people(database)
    cli("user", "vip", CUSTOMER)

    rows = json.loads(cli("user", "list", "-o", "json").out)

    assert [row["id"] for row in rows if row["vip"]] == [CUSTOMER]


def test_a_search_takes_names_and_addresses_without_case_and_accents(
    cli: Cli, database: Database
) -> None:
    user(database, 7, "info@example.org", "Hélène", "Müller")
    user(database, 8, "h_x@example.org", "Jean", "Percent")
    user(database, 9, "hax@example.org", "Marie", "Curie")

    assert ids(cli, "--search", "hélène") == [7]
    assert ids(cli, "--search", "HELENE") == [7]
    assert ids(cli, "--search", "muller hel") == [7]
    assert ids(cli, "--search", "EXAMPLE.org") == [7, 8, 9]
    assert ids(cli, "--search", "h_x") == [8]
    assert ids(cli, "--search", "%") == []
    assert ids(cli, "--search", "helene curie") == []


def _lasting(out: str) -> object:
    """The answer without what each export has anew."""
    found = json.loads(out)
    if isinstance(found, dict):
        return {name: value for name, value in found.items() if name not in {"bytes", "sha256"}}
    return found
