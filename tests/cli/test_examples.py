"""Every example in every command's help is run, on a shop in which its tickets exist."""

from __future__ import annotations

import gzip
import importlib
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from savctl.cli.root import REGISTRY
from savctl.domain.states import Status
from savctl.persistence.engine import Database
from savctl.ports import system_clock
from tests.conftest import Cli
from tests.given import AGENT, CUSTOMER, brought_to, created, write

PROJECT = Path(__file__).resolve().parents[2]
OLD_DESK = "number,customer,title,text,state\nA-1,456,Lost,Where is it?,open\n"
OLD_MAP = """
[columns]
ticket_number = "number"
user_id = "customer"
subject = "title"
description = "text"
status = "state"
"""


def commands() -> Iterator[tuple[str, Any]]:
    """Every command there is, by its words."""
    for name, (place, _) in REGISTRY.items():
        module, attribute = place.split(":")
        group = typer.main.get_command(getattr(importlib.import_module(module), attribute))
        yield from _below(group, name)


def _below(command: Any, words: str) -> Iterator[tuple[str, Any]]:
    inside = getattr(command, "commands", None)
    if inside is None:
        yield words, command
        return
    for name, one in inside.items():
        yield from _below(one, f"{words} {name}")


def examples(command: Any) -> list[str]:
    """The lines below `Examples:` in a command's help."""
    _, found, lines = str(command.help).partition("Examples:\n")
    return [line.strip() for line in lines.splitlines()] if found else []


COMMANDS = dict(commands())
EXAMPLES = [example for command in COMMANDS.values() for example in examples(command)]
# The status from which the example's ticket is taken; `open` for all others.
FROM = {
    "unassign": Status.IN_PROGRESS,
    "wait": Status.IN_PROGRESS,
    "resume": Status.WAITING_CUSTOMER,
    "resolve": Status.IN_PROGRESS,
    "reopen": Status.RESOLVED,
}


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Database:
    """Tickets 1 to 12, the customer and the agent of the examples, and the files they name."""
    write(
        database,
        f"INSERT INTO users (id, email, firstname, lastname) VALUES "
        f"({CUSTOMER}, 'ada@example.org', 'Ada', 'Byron'), "
        f"({AGENT}, 'bob@example.org', 'Bob', 'Ross')",
    )
    for _ in range(11):
        created(database, system_clock)
    brought_to(database, system_clock, Status.WAITING_CUSTOMER)
    for name in ("letter.txt", "note.txt"):
        (tmp_path / name).write_text("Dear shop\n", encoding="utf-8")
    (tmp_path / "tickets.csv").write_text("user_id,subject,description\n456,Lost,Where?\n")
    (tmp_path / "old-desk.csv.gz").write_bytes(gzip.compress(OLD_DESK.encode()))
    (tmp_path / "old-desk.toml").write_text(OLD_MAP, encoding="utf-8")
    shutil.copytree(PROJECT / "docs" / "examples", tmp_path / "docs" / "examples")
    return database


def name_the_tickets(database: Database, verb: str) -> None:
    """Give the examples' numbers to two tickets, the first in the status the command is for."""
    first = brought_to(database, system_clock, FROM.get(verb, Status.OPEN)).id
    second = created(database, system_clock).id
    for ticket_id, number in ((first, "TKT-7K2M9QXA"), (second, "TKT-4FJ8N2WB")):
        write(
            database,
            f"UPDATE support_tickets SET ticket_number = '{number}' WHERE id = {ticket_id}",
        )


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_has_help_that_leads_with_examples(words: str) -> None:
    command = COMMANDS[words]
    told = str(command.help).partition("\n")[0]

    assert told.endswith((".", ";"))
    assert examples(command)
    assert all(line.startswith(f"savctl {words}") for line in examples(command))


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_example_works(cli: Cli, shop: Database, example: str) -> None:
    program, *words = shlex.split(example)
    name_the_tickets(shop, words[1] if len(words) > 1 else "")

    outcome = cli(*words)

    assert program == "savctl"
    print("CODE", outcome.code, example, outcome.err[:300])
    assert outcome.code == 0, outcome.err
