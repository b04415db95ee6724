"""`--dry-run` of every writer: the same answer, and not one byte of one row (contract 1.4)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from tests.cli.shop import ANSWERS, COMMANDS, LONG, examples, shop_for
from tests.conftest import Cli
from tests.given import brought_to, snapshot

OPEN, WORK, WAIT, DONE, SHUT = Status
VOLATILE = {"id", "message_id", "ticket_number", "created_at", "updated_at", "resolved_at"}
VOLATILE |= {"closed_at", "at", "since"}

DRY = [
    example
    for command in COMMANDS.values()
    if any("--dry-run" in parameter.opts for parameter in command.params)
    for example in examples(command)
    if example not in ANSWERS and not example.startswith(LONG) and "--due" not in example
]
CHANGES: list[tuple[Status, tuple[str, ...]]] = [
    (OPEN, ("ticket", "assign", "{}", "--to", "10", "--as", "5")),
    (WORK, ("ticket", "assign", "{}", "--to", "11")),
    (WORK, ("ticket", "unassign", "{}", "--reason", "on leave")),
    (WORK, ("ticket", "wait", "{}", "--message", "Photo?", "--as", "10")),
    (WAIT, ("ticket", "resume", "{}")),
    (WORK, ("ticket", "resolve", "{}", "--message", "Done.", "--as", "10")),
    (WAIT, ("ticket", "resolve", "{}", "--bridge", "--as", "10")),
    (DONE, ("ticket", "reopen", "{}", "--reason", "no")),
    (OPEN, ("ticket", "close", "{}", "--reason", "spam")),
    (OPEN, ("ticket", "priority", "{}", "urgent", "--reason", "angry")),
    (OPEN, ("ticket", "edit", "{}", "--subject", "Other", "--tag", "a", "--meta", "b=1")),
    (WAIT, ("message", "add", "{}", "--from", "customer:456", "--body", "Here")),
    (DONE, ("message", "add", "{}", "--from", "customer:456", "--body", "No", "--reopen")),
    (OPEN, ("ticket", "create", "--user", "456", "--subject", "s", "--description", "d", "--vip")),
]


def lasting(value: Any) -> Any:
    """The answer without what differs from one moment to the next."""
    if isinstance(value, dict):
        return {k: lasting(v) for k, v in value.items() if k not in VOLATILE}
    return [lasting(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("example", DRY)
def test_a_dry_run_of_the_example_changes_nothing(
    cli: Cli, database: Database, tmp_path: Path, example: str
) -> None:
    words = shop_for(cli, database, tmp_path, example)
    before = snapshot(database)

    outcome = cli(*words, "--dry-run")

    assert outcome.code == 0, outcome.err
    assert snapshot(database) == before


@pytest.mark.each_database("what a rollback takes back is each database's own")
@pytest.mark.parametrize(("status", "words"), CHANGES)
def test_a_dry_run_answers_what_the_real_run_does(
    cli: Cli, database: Database, clock: SetClock, status: Status, words: tuple[str, ...]
) -> None:
    number = brought_to(database, clock, status).ticket_number
    before = snapshot(database)
    line = [word.format(number) for word in words]

    dry = cli(*line, "-o", "json", "--dry-run")

    assert snapshot(database) == before
    assert "dry run: nothing was stored" in dry.err
    real = cli(*line, "-o", "json")
    assert snapshot(database) != before
    payload = json.loads(dry.out)
    assert payload.pop("dry_run") is True
    assert lasting(payload) == lasting(json.loads(real.out))
    assert payload["changed"] is True


@pytest.mark.parametrize(("status", "words"), CHANGES[:11])
def test_a_dry_run_of_what_is_refused_is_refused(
    cli: Cli, database: Database, clock: SetClock, status: Status, words: tuple[str, ...]
) -> None:
    number = brought_to(database, clock, SHUT).ticket_number
    line = [word.format(number) for word in words]

    dry, real = cli(*line, "--dry-run"), cli(*line)

    assert (dry.code, dry.out) == (real.code, "") if real.code else (0, dry.out)
    assert dry.err.replace("dry run: nothing was stored\n", "") == real.err


def test_at_sets_the_clock_of_a_dry_run(cli: Cli, database: Database, clock: SetClock) -> None:
    number = brought_to(database, clock, WORK).ticket_number

    outcome = cli(
        "ticket", "resolve", number, "--dry-run", "--at", "2025-10-04T10:30:00Z", "-o", "json"
    )

    assert json.loads(outcome.out)["resolved_at"] == "2025-10-04T10:30:00Z"
