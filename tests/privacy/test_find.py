"""`savctl gdpr find`: what there is of a person, place by place."""

from __future__ import annotations

import json

import pytest

from savctl.persistence.engine import Database
from savctl.persistence.schema.tables import metadata as tables
from savctl.ports import ObjectStore, SetClock
from savctl.usecases.privacy.places import PLACES
from tests.conftest import Cli
from tests.given import AGENT, CUSTOMER, created, snapshot, write
from tests.privacy.people import OTHER, a_past, content, people

pytestmark = pytest.mark.each_database("a person is counted by SQL")


def found(cli: Cli, user: int) -> dict[str, int]:
    """The rows of each place that has some."""
    answer = json.loads(cli("gdpr", "find", user, "-o", "json").out)
    assert [row["place"] for row in answer] == [place.name for place in PLACES]
    return {row["place"]: row["rows"] for row in answer if row["rows"]}


def test_every_place_is_counted(
    cli: Cli, database: Database, clock: SetClock, home_store: ObjectStore
) -> None:
    ticket_ids = a_past(database, clock, home_store)
    cli("user", "vip", CUSTOMER)
    words = ("--from", f"customer:{CUSTOMER}", "--body", "Again", "--idempotency-key", "k1")
    cli("message", "add", ticket_ids[3], *words)
    new = ("--user", OTHER, "--subject", "s", "--description", "d", "--idempotency-key", "k2")
    cli("ticket", "create", *new)
    cli("gdpr", "export", CUSTOMER, "--out", "ada.zip")
    cli("gdpr", "export", OTHER, "--out", "eve.zip")
    cli("export", "tickets", "--user", CUSTOMER, "--out", "ada.csv")
    write(
        database,
        "INSERT INTO jobs (queue, payload, attempts, available_at, created_at) "
        "VALUES ('mail', '{\"to\": \"ada@example.org\"}', 0, 0, 0)",
    )
    write(
        database,
        "INSERT INTO savctl_imports (source, external_id, ticket_id) "
        f"VALUES ('old', 'A-1', {ticket_ids[0]}), ('old', 'A-2', {ticket_ids[3] - 1})",
    )

    counted = found(cli, CUSTOMER)

    events = counted.pop("events")
    audited = counted.pop("audit")
    counted.pop("sla_alarms")
    assert events > 4
    assert audited > 4
    assert counted == {
        "tickets": 4,
        "messages": 2,
        "messages_elsewhere": 1,
        "answers": 1,
        "internal_notes": 1,
        "messages_of_others": 2,
        "attachments": 4,
        "attachments_elsewhere": 1,
        "users": 1,
        "vips": 1,
        "idempotency": 1,
        "exports": 2,
        "imports": 1,
        "other_programs": 1,
    }


def test_the_kept_answer_of_a_merge_is_found_of_everybody_whose_ticket_was_merged(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    people(database)
    target = created(database, clock)
    sources = [created(database, clock, user_id=user) for user in (OTHER, CUSTOMER)]
    ids = [source.id for source in sources]
    words = ("--into", target.id, "--across-customers", "--yes", "--idempotency-key", "k")

    assert cli("ticket", "merge", *ids, *words).code == 0

    assert [found(cli, user)["idempotency"] for user in (CUSTOMER, OTHER)] == [1, 1]
    assert "idempotency" not in found(cli, AGENT)


def test_bytes_are_those_of_the_files(cli: Cli, database: Database, clock: SetClock) -> None:
    a_past(database, clock)

    answer = json.loads(cli("gdpr", "find", CUSTOMER, "-o", "json").out)

    sizes = {row["place"]: row["bytes"] for row in answer if row["bytes"]}
    assert sizes == {
        "attachments": sum(len(content(number)) for number in (1, 2, 3, 4)),
        "attachments_elsewhere": len(content(5)),
    }


def test_an_agent_is_found_as_one(cli: Cli, database: Database, clock: SetClock) -> None:
    a_past(database, clock)

    counted = found(cli, AGENT)

    assert (counted["held_as_agent"], counted["messages_as_agent"]) == (2, 3)
    assert "messages_elsewhere" not in counted


def test_whom_nobody_knows_is_not_found_and_looking_changes_nothing(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    a_past(database, clock)
    before = snapshot(database)

    outcome = cli("gdpr", "find", 99, "-o", "json")

    assert (outcome.code, outcome.out) == (4, "")
    assert json.loads(outcome.err)["error"]["code"] == "not_found"
    assert cli("gdpr", "find", 45).code == 4
    assert snapshot(database) == before


def test_an_account_alone_is_something(cli: Cli, database: Database) -> None:
    people(database)

    assert found(cli, CUSTOMER) == {"users": 1}


def test_every_table_that_names_a_ticket_is_looked_at() -> None:
    """A new table with tickets in it is to be a place; the service's are counted one by one."""
    named = {
        name.removeprefix("savctl_")
        for name, table in tables.tables.items()
        if name.startswith("savctl_") and "ticket_id" in table.columns
    }
    # the outbox is `events` there; an erasure's list names the tickets that it is about to end;
    # the other two hold counts by which nodes exclude each other, and entries of a cache to remove
    counted = {"outbox", "erasure_tickets", "ticket_writes", "cache_removals"}
    looked = {place.name for place in PLACES} | counted
    assert named - looked == set()
