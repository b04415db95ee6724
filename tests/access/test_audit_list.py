"""`savctl audit list`: what was done, by whom, newest first (rules 1.3, 12.6)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from tests.conftest import Cli
from tests.given import AGENT, DAY, brought_to, created, write

KEYS = ["id", "at", "actor", "action", "ticket_id", "run_id", "entry"]


def listed(cli: Cli, *words: object) -> list[dict[str, Any]]:
    outcome = cli("audit", "list", *words, "-o", "json")
    assert outcome.code == 0, outcome.err
    found: list[dict[str, Any]] = json.loads(outcome.out)
    return found


def test_an_entry_names_who_did_what_and_when(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    ticket = brought_to(database, clock, Status.IN_PROGRESS)

    found = listed(cli)

    assert [list(row) for row in found] == [KEYS] * len(found)
    assert [row["action"] for row in found] == ["status", "assigned", "created"]
    assert {row["ticket_id"] for row in found} == {ticket.id}
    assert found[0]["at"].endswith("Z")
    assert found[0]["entry"]["to"] == "in_progress"


def test_entries_are_chosen_by_ticket_user_action_and_time(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    first, second = created(database, clock), brought_to(database, clock, Status.IN_PROGRESS)
    cli("ticket", "priority", first.id, "urgent", "--reason", "x", "--as", 77)

    assert {row["ticket_id"] for row in listed(cli, "--ticket", second.ticket_number)} == {
        second.id
    }
    assert [row["action"] for row in listed(cli, "--user", 77)] == ["priority"]
    assert [row["ticket_id"] for row in listed(cli, "--action", "Assigned")] == [second.id]
    assert [row["actor"] for row in listed(cli, "--since", (clock() + DAY).isoformat())] == [77]
    assert len(listed(cli, "--until", (clock() + DAY).isoformat())) == 4


def test_more_than_fifty_are_read_a_page_after_the_other(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    for _ in range(52):
        created(database, clock)

    page = cli("audit", "list", "-o", "ids")
    ids = page.out.split()

    assert (len(ids), ids) == (50, sorted(ids, key=int, reverse=True))
    assert f"--after {ids[-1]}" in page.err
    rest = [str(row["id"]) for row in listed(cli, "--after", ids[-1])]
    assert len(rest) == 2
    assert [str(row["id"]) for row in listed(cli, "--limit", 0)] == ids + rest


def test_the_audit_of_a_removed_ticket_is_found_by_its_id(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)
    write(database, f"DELETE FROM support_tickets WHERE id = {ticket.id}")

    assert [row["action"] for row in listed(cli, "--ticket", f"id:{ticket.id}")] == ["created"]
    assert cli("audit", "list", "--ticket", ticket.ticket_number).code == 4


@pytest.mark.only_on("sqlite")
def test_nothing_found_is_reported_on_stderr(cli: Cli, database: Database) -> None:
    outcome = cli("audit", "list", "--user", AGENT)

    assert (outcome.code, outcome.out) == (0, "")
    assert "No entries found." in outcome.err
    assert cli("audit", "list", "--since", "2025-10-03", "--until", "2025-10-01").code == 2
