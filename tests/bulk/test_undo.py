"""Undoing a bulk operation: by legal moves, guarded, closings named as final (rules 15.2)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.ports import system_clock
from tests.access.token_users import with_token_of
from tests.conftest import Cli
from tests.given import AGENT, OTHER_AGENT, brought_to, created, rows, write

BULK = ("ticket", "bulk")
STATE = "SELECT id, status, assigned_to, priority, resolved_at FROM support_tickets ORDER BY id"


def operation_of(cli: Cli, *words: str) -> str:
    """Run a bulk command that changes something; answers its operation's id."""
    done = cli(*BULK, *words, "--yes", "-o", "json")
    assert done.code in {0, 3}, done.err
    return str(json.loads(done.out)["operation"])


def undone(cli: Cli, operation: str, *words: str) -> tuple[int, list[dict[str, Any]]]:
    done = cli(*BULK, "undo", operation, "--yes", "-o", "json", *words)
    return done.code, json.loads(done.out)["items"] if done.out else []


def some_of_each(database: Database) -> None:
    created(database, system_clock)
    brought_to(database, system_clock, Status.IN_PROGRESS)
    brought_to(database, system_clock, Status.WAITING_CUSTOMER)
    brought_to(database, system_clock, Status.RESOLVED)


@pytest.mark.each_database("reads the audit by its indexes")
@pytest.mark.parametrize(
    "words",
    [
        ("assign", "--all", "--to", "11"),
        ("unassign", "--status", "in_progress", "--reason", "leave"),
        ("wait", "--status", "in_progress"),
        ("resolve", "--status", "in_progress"),
        ("resolve", "--status", "waiting_customer,open", "--bridge", "--as", "12"),
        ("priority", "urgent", "--all", "--reason", "fair"),
    ],
)
def test_what_was_done_is_undone(cli: Cli, database: Database, words: tuple[str, ...]) -> None:
    some_of_each(database)
    before = rows(database, STATE)
    operation = operation_of(cli, *words)
    changed = rows(database, STATE)

    code, items = undone(cli, operation)

    assert code == 0
    assert {item["outcome"] for item in items} == {"changed"}
    assert rows(database, STATE) == before != changed


def test_tags_are_undone_as_each_ticket_had_them(cli: Cli, database: Database) -> None:
    for tags in ((), ("new",), ("old", "own")):
        created(database, system_clock, tags=tags)
    operation = operation_of(cli, "tag", "--all", "--add", "new", "--remove", "old")

    code, items = undone(cli, operation)

    assert code == 0
    stored = [
        json.loads(r["metadata"]) for r in rows(database, "SELECT metadata FROM support_tickets")
    ]
    assert [set(metadata.get("tags", [])) for metadata in stored] == [
        set(),
        {"new"},
        {"old", "own"},
    ]
    assert [item["id"] for item in items] == [1, 3]


def test_closings_are_named_as_final(cli: Cli, database: Database) -> None:
    created(database, system_clock)
    operation = operation_of(cli, "close", "--all", "--reason", "spam")

    code, items = undone(cli, operation)

    assert code == 3
    assert items[0]["outcome"] == "refused"
    assert "closed is final" in items[0]["reason"]


@pytest.mark.parametrize(
    "meanwhile",
    [
        [("ticket", "assign", "1", "--to", "12")],
        [("ticket", "assign", "1", "--to", "12"), ("ticket", "assign", "1", "--to", "11")],
        [("ticket", "wait", "1"), ("ticket", "resume", "1")],
        [("ticket", "wait", "1"), ("ticket", "close", "1", "--reason", "x")],
    ],
)
def test_what_changed_since_is_left_also_when_it_was_changed_back(
    cli: Cli, database: Database, meanwhile: list[tuple[str, ...]]
) -> None:
    for _ in range(2):
        created(database, system_clock)
    operation = operation_of(cli, "assign", "--all", "--to", "11")
    for words in meanwhile:
        assert cli(*words).code == 0

    code, items = undone(cli, operation)

    assert code == 0
    assert [(item["outcome"], item["reason"]) for item in items] == [
        ("skipped", "changed since the operation"),
        ("changed", None),
    ]


def test_what_the_operation_did_not_touch_may_have_changed(cli: Cli, database: Database) -> None:
    created(database, system_clock)
    operation = operation_of(cli, "priority", "high", "--all", "--reason", "fair")
    assert cli("ticket", "assign", "1", "--to", "11").code == 0

    assert undone(cli, operation)[0] == 0

    stored = rows(database, STATE)[0]
    assert (stored["priority"], stored["assigned_to"]) == (Priority.MEDIUM, 11)


def test_an_undo_can_be_undone_and_a_second_one_finds_nothing(
    cli: Cli, database: Database
) -> None:
    created(database, system_clock)
    operation = operation_of(cli, "assign", "--all", "--to", "11")
    after = rows(database, STATE)
    back = operation_of(cli, "undo", operation)

    again = undone(cli, operation)
    forth = undone(cli, back)

    assert again[0] == 0
    assert [item["outcome"] for item in again[1]] == ["skipped"]
    assert forth[0] == 0
    assert rows(database, STATE) == after


def test_an_undo_asks_brakes_and_shows_like_any_other_bulk_command(
    cli: Cli, database: Database, tmp_path: object
) -> None:
    for _ in range(2):
        created(database, system_clock)
    operation = operation_of(cli, "assign", "--all", "--to", "11")
    before = rows(database, STATE)
    plan = f"{tmp_path}/undo.jsonl"

    assert cli(*BULK, "undo", operation).code == 6
    assert cli(*BULK, "undo", operation, "--yes", "--max-changes", "1").code == 6
    shown = cli(*BULK, "undo", operation, "--dry-run", "-o", "json")
    assert cli(*BULK, "undo", operation, "--plan-out", plan).code == 0
    assert rows(database, STATE) == before
    done = cli(*BULK, "undo", "--plan", plan, "-o", "json")

    assert (shown.code, done.code) == (0, 0)
    assert json.loads(shown.out)["items"] == json.loads(done.out)["items"]
    assert json.loads(done.out)["undoes"] == operation
    assert rows(database, STATE) != before


@pytest.mark.parametrize("name", ["op-999", "op-", "op-x", "57", "OP-99999999999999999999"])
def test_an_unknown_operation_is_not_found(cli: Cli, database: Database, name: str) -> None:
    assert cli(*BULK, "undo", name, "--yes").code == 4


def test_a_run_of_a_job_is_no_operation(cli: Cli, database: Database) -> None:
    assert cli("job", "run", "auto-close").code == 0
    run = rows(database, "SELECT id FROM savctl_runs")[0]["id"]

    assert cli(*BULK, "undo", f"op-{run}", "--yes").code == 4


def test_an_agent_undoes_own_operations_only(
    cli: Cli, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    created(database, system_clock)
    with_token_of(monkeypatch, AGENT, "agent")
    operation = operation_of(cli, "assign", "--all", "--to", str(AGENT))
    with_token_of(monkeypatch, OTHER_AGENT, "agent")
    assert cli(*BULK, "undo", operation, "--yes").code == 7
    assert cli(*BULK, "undo", "op-999", "--yes").code == 4
    with_token_of(monkeypatch, AGENT, "agent")

    assert undone(cli, operation)[0] == 0


def test_neither_operation_nor_plan_is_a_usage_error(cli: Cli, database: Database) -> None:
    assert cli(*BULK, "undo", "--yes").code == 2
    assert cli(*BULK, "undo", "op-1", "--plan", "x").code == 2


def test_entries_of_a_wrong_clock_are_found_as_well(cli: Cli, database: Database) -> None:
    """The probable end of an operation's entries is by their time, which may be wrong."""
    created(database, system_clock)
    operation = operation_of(cli, "assign", "--all", "--to", "11")
    write(database, "UPDATE savctl_runs SET finished_at = '2001-01-01 00:00:00'")

    assert undone(cli, operation)[0] == 0
