"""`ticket create --follow-up-of`: a new ticket names the one before it (rules 2.5, 11.2)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from tests.cli.shop import ARCHIVED, close_long_ago
from tests.conftest import Cli
from tests.given import BOSS, CUSTOMER, brought_to, created, rows, snapshot

pytestmark = pytest.mark.each_database("the earlier ticket is found by SQL")

NEW = ("ticket", "create", "--subject", "Again", "--description", "Broken again.")


def follow_up(cli: Cli, of: object, *more: object, user: int = CUSTOMER) -> dict[str, Any]:
    outcome = cli(*NEW, "--user", user, "--follow-up-of", of, *more, "-o", "json")
    assert outcome.code == 0, outcome.err
    answer: dict[str, Any] = json.loads(outcome.out)
    return answer


@pytest.mark.parametrize("status", [Status.CLOSED, Status.OPEN])
def test_a_new_ticket_names_the_one_before_which_stays_as_it_was(
    cli: Cli, database: Database, clock: SetClock, status: Status
) -> None:
    before = brought_to(database, clock, status)
    (row,) = rows(database, f"SELECT * FROM support_tickets WHERE id = {before.id}")

    new = follow_up(cli, before.ticket_number.lower(), "--as", BOSS)

    link = new["metadata"]["follow_up_of"]
    assert (link["ticket_id"], link["ticket_number"]) == (before.id, before.ticket_number)
    assert (link["actor"], link["at"]) == (BOSS, new["metadata"]["history"][0]["at"])
    assert rows(database, f"SELECT * FROM support_tickets WHERE id = {before.id}") == [row]


def test_it_leaves_the_traces_of_any_new_ticket(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    before = brought_to(database, clock, Status.CLOSED)

    new = follow_up(cli, before.id)

    assert [entry["action"] for entry in new["metadata"]["history"]] == ["created"]
    audit = f"SELECT action FROM savctl_audit WHERE ticket_id = {new['id']}"
    assert [row["action"] for row in rows(database, audit)] == ["created"]
    events = f"SELECT event FROM savctl_outbox WHERE ticket_id = {new['id']}"
    assert [row["event"] for row in rows(database, events)] == ["TicketCreated"]


def test_an_archived_ticket_may_be_followed_up_by_number_and_by_id(
    cli: Cli, database: Database
) -> None:
    close_long_ago(database, ARCHIVED)
    assert cli("archive", "run").code == 0

    links = [follow_up(cli, ref)["metadata"]["follow_up_of"] for ref in (ARCHIVED.lower(), "id:1")]

    assert [(link["ticket_id"], link["ticket_number"]) for link in links] == [(1, ARCHIVED)] * 2
    assert cli("db", "check").code == 0


def test_what_is_nowhere_is_not_found_and_nothing_is_stored(cli: Cli, database: Database) -> None:
    before = snapshot(database)

    outcome = cli(*NEW, "--user", CUSTOMER, "--follow-up-of", "TKT-NOSUCH00")

    assert (outcome.code, outcome.out) == (4, "")
    assert snapshot(database) == before


def test_another_customers_ticket_is_named_in_a_warning(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    before = created(database, clock)

    outcome = cli(*NEW, "--user", 457, "--follow-up-of", before.id)

    assert outcome.code == 0
    assert f"is a ticket of customer {CUSTOMER}, not of customer 457" in outcome.err


def test_the_same_key_answers_the_same_follow_up(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    before = brought_to(database, clock, Status.CLOSED)

    first, again = (follow_up(cli, before.id, "--idempotency-key", "k") for _ in range(2))

    assert (again["id"], again["replayed"]) == (first["id"], True)


def test_the_hint_at_a_closed_ticket_is_the_command_that_works(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    before = brought_to(database, clock, Status.CLOSED)

    refused = cli("message", "add", before.id, "--from", f"customer:{CUSTOMER}", "--body", "x")

    assert refused.code == 5
    assert f"savctl ticket create --follow-up-of {before.ticket_number}" in refused.err
