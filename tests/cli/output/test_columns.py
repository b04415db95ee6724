"""`--columns` is checked by name, before anything changes (contract 1.1)."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from savctl.cli.framework.effects import EFFECTS, Effect
from savctl.cli.framework.tables.fields import OBJECTS, fields_of
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from tests.cli.shop import ANSWERS, COMMANDS, EXAMPLES, LONG, shop_for
from tests.conftest import Cli
from tests.given import created, rows, snapshot

# What they answer with depends on what is asked, or they answer with nothing.
OPEN = {"event schema", "gdpr schema", "demo", "scheduler run"}
FORMS = ["table", "wide", "json", "jsonl", "csv", "ids"]


def test_the_table_of_columns_names_commands_only() -> None:
    assert {name for name in EFFECTS if fields_of(name)} <= set(COMMANDS)


@pytest.mark.parametrize("words", sorted(set(EFFECTS) - OPEN))
def test_a_command_that_changes_something_has_known_columns(words: str) -> None:
    assert EFFECTS[words] is Effect.READS or fields_of(words)


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("example", [e for e in EXAMPLES if not e.startswith(LONG)])
def test_the_table_names_every_column_of_the_answer(
    cli: Cli, database: Database, tmp_path: Path, example: str
) -> None:
    words = shop_for(cli, database, tmp_path, example)
    parts = shlex.split(example)[1:]
    name = next(n for n in (" ".join(parts[:k]) for k in (3, 2, 1)) if n in COMMANDS)
    if name in OPEN or not fields_of(name) or "--out -" in example:
        return

    outcome = cli(*words, "-o", "jsonl")

    assert outcome.code == ANSWERS.get(example, 0)
    for line in outcome.err.splitlines():
        assert isinstance(json.loads(line), dict)  # a note, a warning, a line of the log
    for line in outcome.out.splitlines():
        row = json.loads(line)
        assert set(row) <= set(fields_of(name))
        assert {key for key, value in row.items() if isinstance(value, dict)} <= OBJECTS


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("is_empty", [True, False])
def test_an_unknown_column_is_refused_with_the_list_of_them(
    cli: Cli, database: Database, clock: SetClock, form: str, is_empty: bool
) -> None:
    if not is_empty:
        created(database, clock)

    outcome = cli("ticket", "list", "--columns", "id,prioritty", "-o", form)

    assert (outcome.code, outcome.out) == (2, "")
    assert "unknown column 'prioritty'" in outcome.err
    assert "Did you mean 'priority'? Columns: id, ticket_number, user_id," in outcome.err


def test_an_unknown_column_stops_a_writer_before_it_writes(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    number = created(database, clock).ticket_number
    before = snapshot(database)

    outcome = cli("ticket", "assign", number, "--to", 10, "--columns", "assignee")

    assert outcome.code == 2
    assert snapshot(database) == before


@pytest.mark.parametrize("path", ["subject.x", "id.0"])
def test_a_path_below_a_plain_value_is_refused_before_anything_changes(
    cli: Cli, database: Database, path: str
) -> None:
    outcome = cli(
        *("ticket", "create", "--user", 7, "--subject", "s", "--description", "d"),
        *("--columns", path),
    )

    assert outcome.code == 2
    assert "holds no object" in outcome.err
    assert rows(database, "SELECT id FROM support_tickets") == []


def test_a_page_becomes_the_columns_that_are_asked_for(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    number = created(database, clock).ticket_number

    outcome = cli("ticket", "show", number, "--columns", "status,ticket_number")

    assert outcome.out.split() == ["status", "open", "ticket_number", number]
