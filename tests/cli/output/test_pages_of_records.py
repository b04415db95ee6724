"""Events, users, runs, clocks and a person's places as pages, and times as people read them."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest

from savctl.cli.framework.terminal import cells
from savctl.cli.framework.text import minutes_in_words, span_words
from savctl.domain.model.ticket import Ticket
from savctl.persistence.engine import Database
from savctl.persistence.people.users import Users
from savctl.ports import SetClock
from tests.cli.naughty import steering
from tests.cli.terminals import Terminal
from tests.conftest import Cli
from tests.given import CUSTOMER, DAY, NOW, created

HOUR = timedelta(hours=1)
ADA = (CUSTOMER, "ada@example.org", "Ada", "Lovelace-田中花子")
WORDS = [
    ("event", "show", 1),
    ("user", "show", CUSTOMER),
    ("job", "why", "auto-close"),
    ("job", "history", "--run", 1),
    ("gdpr", "find", CUSTOMER),
    ("sla", "show", 1),
    ("sla", "explain", 1),
]


@pytest.fixture
def ticket(cli: Cli, database: Database, clock: SetClock) -> Ticket:
    """A ticket of somebody who is known, a day old, and one run of a job."""
    database.transaction(lambda c: Users(c).add([ADA]))
    found = created(database, clock, subject="Où est mon colis ? " * 5, tags=("a", "b"))
    assert cli("job", "run", "auto-close").code == 0
    return found


def the_page(cli: Cli, *words: str | int) -> str:
    outcome = cli(*words)
    assert (outcome.code, outcome.err) == (0, "")
    return outcome.out


@pytest.mark.parametrize("words", WORDS, ids=lambda words: " ".join(map(str, words)))
def test_one_thing_is_a_page_without_json(
    cli: Cli, ticket: Ticket, words: tuple[str | int, ...]
) -> None:
    page = the_page(cli, *words)

    assert page.splitlines()[1:2] in ([""], [f"as of {page.split('as of ')[-1][:20]}"])
    assert not re.search(r"[{}\[\]]|null,|None|\.[0-9]{6}", page)


def test_an_event_shows_its_state_and_every_value_of_its_envelope(
    cli: Cli, ticket: Ticket
) -> None:
    lines = the_page(cli, "event", "show", 1).splitlines()

    assert lines[0] == "Event 1: TicketCreated, not published yet"
    assert "Envelope" in lines
    assert f"    user_id        {CUSTOMER}" in lines


def test_a_user_is_named_with_what_they_have(cli: Cli, ticket: Ticket) -> None:
    assert the_page(cli, "user", "show", CUSTOMER).splitlines() == [
        f"User {CUSTOMER}  Ada Lovelace-田中花子",
        "",
        "e-mail   ada@example.org",
        "VIP      no",
        "tickets  1 (1 open)",
    ]


def test_the_places_of_a_person_are_those_that_hold_something(cli: Cli, ticket: Ticket) -> None:
    rows = json.loads(cli("gdpr", "find", CUSTOMER, "-o", "json").out)

    page = the_page(cli, "gdpr", "find", CUSTOMER)

    head, found, nothing = page.split("\n\n")
    assert head == f"Ada Lovelace-田中花子 <ada@example.org> (user {CUSTOMER})"
    assert [line.split()[0] for line in found.splitlines()] == [
        row["place"] for row in rows if row["rows"]
    ]
    assert nothing.split(": ")[1].strip(".\n").split(", ") == [
        row["place"] for row in rows if not row["rows"]
    ]


def test_one_clock_is_a_page_and_several_are_a_table(
    cli: Cli, database: Database, clock: SetClock, ticket: Ticket
) -> None:
    created(database, clock)
    at = ("--at", (NOW + DAY + 2 * HOUR).isoformat())

    page = the_page(cli, "sla", "show", 1, *at)

    assert "promise     answer within 1 day, solve within 3 days (medium, policy 1)" in page
    assert "response    1 day 2 h of 1 day, breached, late by 2 h" in page
    assert "resolution  1 day 2 h of 3 days, running, due 2025-10-06T10:30:00Z" in page
    assert len(the_page(cli, "sla", "show", 1, 2, *at).splitlines()) == 3


def test_waits_are_words_for_people_and_the_same_as_ever_for_programs(
    cli: Cli, database: Database, clock: SetClock, ticket: Ticket
) -> None:
    at = ("--at", (NOW - 2 * DAY).isoformat())
    weekly = "sla-audit"

    table = the_page(cli, "job", "next", *at)
    in_json = {
        row["job"]: row["in"]
        for row in json.loads(the_page(cli, "job", "next", *at, "-o", "json"))
    }
    soon = ("sla", "due", "--within", "7d", "--at", NOW.isoformat(), "-q")
    due = json.loads(the_page(cli, *soon, "-o", "json"))

    line = next(line for line in table.splitlines() if line.startswith(weekly))
    assert re.search(r"  [0-9] days [0-9]+ h$", line)
    assert re.fullmatch(r"[0-9] days, [0-9]+:[0-9]{2}:[0-9]{2}", in_json[weekly])
    assert [row["in"] for row in due] == ["1 d", "3 d"]
    assert "3 days" in the_page(cli, *soon)


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(0), "0 s"),
        (timedelta(seconds=61), "1 min 1 s"),
        (timedelta(days=1), "1 day"),
        (timedelta(days=2, hours=2, minutes=15), "2 days 2 h"),
        (-timedelta(days=21, minutes=5), "21 days 5 min"),
    ],
)
def test_a_span_is_its_two_largest_parts(span: timedelta, words: str) -> None:
    assert span_words(span) == words


def test_minutes_in_a_text_become_words() -> None:
    text = "response: 1445 of 1440 min; found 169194 min late, 3 of 5 min, 12 in a row"

    assert minutes_in_words(text) == (
        "response: 1 day 5 min of 1 day; found 117 days 11 h late, 3 of 5 min, 12 in a row"
    )


def test_an_audit_that_shows_only_some_says_how_many_more(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    for _ in range(15):
        created(database, clock)
    at = ("--at", (NOW + 9 * DAY).isoformat())

    outcome = cli("sla", "audit", "--dry-run", *at)
    report: dict[str, Any] = json.loads(cli("sla", "audit", "--dry-run", *at, "-o", "json").out)

    assert (outcome.code, report["missed"], len(report["items"])) == (10, 30, 30)
    assert outcome.out.count("TKT-") == 20
    assert outcome.out.endswith("… and 10 more: -o json lists them\n")
    assert "missed: response: 9 days of 1 day" in outcome.out


@pytest.mark.slow("starts a process on a terminal")
@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("width", [60, 200])
@pytest.mark.parametrize("words", WORDS, ids=lambda words: " ".join(map(str, words)))
def test_pages_fit_the_terminal(
    terminal: Terminal, ticket: Ticket, width: int, words: tuple[str | int, ...]
) -> None:
    shown = terminal(*map(str, words), width=width, NO_COLOR="1")

    assert [line for line in shown.splitlines() if cells(line) > width] == []
    assert steering(shown) == set()
