"""Who may write on a ticket, and who is doubted as an agent (rules 5.3)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from tests.conftest import Cli
from tests.given import AGENT, CUSTOMER, brought_to, created, rows, snapshot, write
from tests.tickets.talk import STRANGER

pytestmark = pytest.mark.each_database("users and tickets are asked by SQL")

REFUSED = 5
ON_ANOTHERS = ("--from", f"customer:{STRANGER}", "--body", "not mine")


def error_of(err: str) -> dict[str, object]:
    """The error of a command with -o json."""
    found: dict[str, object] = json.loads(err.splitlines()[-1])["error"]
    return found


@pytest.mark.parametrize("more", [(), ("--dry-run",), ("--reopen",), ("--attach", "photo.txt")])
def test_another_customers_message_is_refused_and_nothing_is_stored(
    cli: Cli, database: Database, clock: SetClock, tmp_path: Path, more: tuple[str, ...]
) -> None:
    status = Status.RESOLVED if more == ("--reopen",) else Status.WAITING_CUSTOMER
    ticket = brought_to(database, clock, status)
    (tmp_path / "photo.txt").write_text("words", encoding="utf-8")
    before = snapshot(database)

    outcome = cli("message", "add", ticket.id, *ON_ANOTHERS, *more, "-o", "json")

    assert (outcome.code, outcome.out) == (REFUSED, "")
    error = error_of(outcome.err)
    assert (error["code"], error["user_id"]) == ("wrong_sender", STRANGER)
    assert f"not of customer {STRANGER}" in str(error["message"])
    assert "--other-customer" in str(error["hint"])
    assert snapshot(database) == before


def test_another_customers_message_that_is_meant_is_one_of_a_customer(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    ticket = brought_to(database, clock, Status.WAITING_CUSTOMER)

    outcome = cli("message", "add", ticket.id, *ON_ANOTHERS, "--other-customer", "-o", "json")

    assert outcome.code == 0, outcome.err
    answer = json.loads(outcome.out)
    assert (answer["sender_id"], answer["status"]) == (STRANGER, "in_progress")


@pytest.mark.parametrize("status", [Status.OPEN, Status.CLOSED])
@pytest.mark.parametrize("more", [(), ("--internal",)])
def test_the_customer_of_a_ticket_is_no_agent_on_it(
    cli: Cli, database: Database, clock: SetClock, status: Status, more: tuple[str, ...]
) -> None:
    ticket = brought_to(database, clock, status)

    outcome = cli(
        *("message", "add", ticket.id, "--from", f"agent:{CUSTOMER}", "--body", "x"), *more
    )

    assert (outcome.code, outcome.out) == (REFUSED, "")
    assert rows(database, "SELECT id FROM ticket_messages") == []


@pytest.mark.parametrize("verb", ["wait", "resolve"])
def test_the_customer_of_a_ticket_sends_no_agents_message_with_a_move(
    cli: Cli, database: Database, clock: SetClock, verb: str
) -> None:
    ticket = brought_to(database, clock, Status.IN_PROGRESS)

    outcome = cli("ticket", verb, ticket.id, "--message", "Done.", "--as", CUSTOMER)

    assert (outcome.code, outcome.out) == (REFUSED, "")
    assert f"user {CUSTOMER} is the customer of {ticket.ticket_number}" in outcome.err


def test_the_same_key_for_another_customer_is_another_request(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    ticket = brought_to(database, clock, Status.WAITING_CUSTOMER)
    words = ("message", "add", ticket.id, *ON_ANOTHERS, "--idempotency-key", "k", "-o", "json")
    first = cli(*words, "--other-customer")

    again = cli(*words, "--other-customer")
    without = cli(*words)

    assert json.loads(again.out)["replayed"] is True
    assert json.loads(again.out)["id"] == json.loads(first.out)["id"]
    assert without.code == REFUSED


@pytest.mark.parametrize("given", ["456", "boss:1", "agent:", "agent:x", "agent:0", ""])
def test_a_sender_is_customer_or_agent_and_an_id(cli: Cli, given: str) -> None:
    outcome = cli("message", "add", 1, "--from", given, "--body", "x")

    assert (outcome.code, outcome.out) == (2, "")
    assert "error: --from must be " in outcome.err


def test_who_is_a_customer_only_is_doubted_as_an_agent(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    write(
        database,
        "INSERT INTO users (id, email, firstname, lastname) VALUES "
        f"({CUSTOMER}, 'a@x.org', 'A', 'B'), ({AGENT}, 'b@x.org', 'B', 'C'), "
        f"({STRANGER}, 'c@x.org', 'C', 'D')",
    )
    created(database, clock, user_id=STRANGER)
    first, second = (created(database, clock).id for _ in range(2))
    note = ("--body", "x", "--internal")

    doubted = [
        cli("ticket", "assign", first, "--to", STRANGER),
        cli("message", "add", first, "--from", f"agent:{STRANGER}", *note),
        cli("ticket", "assign", first, "--to", CUSTOMER),
    ]
    trusted = [
        cli("ticket", "assign", first, "--to", AGENT),
        cli("message", "add", first, "--from", f"agent:{AGENT}", *note),
        cli("ticket", "assign", second, "--to", STRANGER)
        and cli("ticket", "assign", first, "--to", STRANGER),
    ]

    assert [outcome.code for outcome in doubted + trusted] == [0] * 6
    only = f"warning: user {STRANGER} has tickets as a customer and no other one as an agent"
    assert [only in outcome.err for outcome in doubted] == [True, True, False]
    assert f"user {CUSTOMER} is the customer of" in doubted[2].err
    assert [outcome.err for outcome in trusted] == ["", "", ""]
