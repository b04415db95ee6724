"""`savctl gdpr hold` as an operator meets it."""

from __future__ import annotations

import json

import pytest

from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from tests.conftest import Cli
from tests.given import BOSS, brought_to, created, rows, snapshot, write

pytestmark = pytest.mark.each_database("holds are found by SQL in JSON")

CASE = "case 4711"
AUDIT = "SELECT actor, action, ticket_id, entry FROM savctl_audit ORDER BY id DESC"


def test_a_closed_ticket_is_held_with_history_and_audit_in_one(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    ticket = brought_to(database, clock, Status.CLOSED)

    outcome = cli(
        "gdpr", "hold", "add", ticket.ticket_number, "--reason", CASE, "--as", BOSS, "-o", "json"
    )

    answer = json.loads(outcome.out)
    noted = rows(database, AUDIT)[0]
    assert (outcome.code, answer["changed"], answer["status"]) == (0, True, "closed")
    assert answer["metadata"]["legal_hold"]["reason"] == CASE
    assert (noted["actor"], noted["action"], noted["ticket_id"]) == (BOSS, "hold", ticket.id)
    assert json.loads(noted["entry"]) == answer["metadata"]["history"][-1]


def test_the_list_names_what_is_held_and_not_what_was_released(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    kept, freed, foreign = (created(database, clock) for _ in range(3))
    created(database, clock)
    cli("gdpr", "hold", "add", kept.ticket_number, freed.ticket_number, "--reason", CASE)
    cli("gdpr", "hold", "release", freed.ticket_number)
    write(
        database,
        f"""UPDATE support_tickets SET metadata = '{{"legal_hold": "letter"}}' """
        f"WHERE id = {foreign.id}",
    )

    listed = json.loads(cli("gdpr", "hold", "list", "-o", "json").out)

    assert [(row["id"], row["reason"]) for row in listed] == [(kept.id, CASE), (foreign.id, None)]


def test_the_list_names_a_hold_in_metadata_that_cannot_be_read(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)
    write(
        database,
        f"""UPDATE support_tickets SET metadata = '["legal_hold"]' WHERE id = {ticket.id}""",
    )

    listed = json.loads(cli("gdpr", "hold", "list", "-o", "json").out)

    assert [(row["id"], row["reason"]) for row in listed] == [(ticket.id, None)]


def test_a_dry_run_and_a_repetition_change_nothing(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)
    free = snapshot(database)
    cli("gdpr", "hold", "add", ticket.ticket_number, "--reason", CASE, "--dry-run")
    assert snapshot(database) == free

    cli("gdpr", "hold", "add", ticket.ticket_number, "--reason", CASE)
    held = snapshot(database)
    again = cli("gdpr", "hold", "add", ticket.ticket_number, "--reason", CASE, "-o", "json")

    assert (again.code, json.loads(again.out)["changed"]) == (0, False)
    assert snapshot(database) == held


def test_another_reason_for_a_held_ticket_is_refused_with_5(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)
    cli("gdpr", "hold", "add", ticket.ticket_number, "--reason", CASE)

    outcome = cli("gdpr", "hold", "add", ticket.ticket_number, "--reason", "other", "-o", "json")

    assert outcome.code == 5
    assert json.loads(outcome.err)["error"]["code"] == "legal_hold"


def test_of_a_merged_ticket_the_answer_names_where_its_words_are(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    source, between, target = (created(database, clock) for _ in range(3))
    for one, into in ((source, between), (between, target)):
        assert cli("ticket", "merge", one.id, "--into", into.id, "--yes").code == 0

    outcome = cli("gdpr", "hold", "add", source.id, "--reason", CASE)

    assert outcome.code == 0
    assert (
        f"{source.ticket_number} was merged into {target.ticket_number}: its messages"
        in outcome.err
    )
    assert "merged" not in cli("gdpr", "hold", "add", target.id, "--reason", CASE).err


def test_a_hold_needs_its_reason(cli: Cli, database: Database, clock: SetClock) -> None:
    ticket = created(database, clock)

    assert cli("gdpr", "hold", "add", ticket.ticket_number).code == 2
    assert cli("gdpr", "hold", "add", ticket.ticket_number, "--reason", "").code == 2


def test_the_clock_of_silence_does_not_start_again(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    ticket = brought_to(database, clock, Status.WAITING_CUSTOMER)

    cli("gdpr", "hold", "add", ticket.ticket_number, "--reason", CASE)

    after = rows(database, "SELECT updated_at, status FROM support_tickets")[0]
    assert str(after["updated_at"])[:19] == f"{ticket.updated_at:%Y-%m-%d %H:%M:%S}"
