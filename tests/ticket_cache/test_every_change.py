"""Every command that changes a ticket leaves the removal of its cached entries behind."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from savctl.cli.framework.effects import EFFECTS, Effect
from savctl.persistence.engine import Database
from tests.cli.shop import COMMANDS, EXAMPLES, LONG, shop_for
from tests.conftest import Cli
from tests.depth import deep
from tests.given import rows, write

_ROWS = {
    "support_tickets": "id",
    "ticket_messages": "ticket_id",
    "ticket_attachments": "ticket_id",
    "savctl_files": "ticket_id",
}
# What it replaces or makes whole again is the database itself.
_ELSEWHERE = ("db upgrade", "db downgrade", "db adopt", "config", "completion", "demo")


def command_of(example: str) -> str:
    words = shlex.split(example)[1:]
    found = [" ".join(words[:n]) for n in (3, 2, 1)]
    return next((one for one in found if one in COMMANDS), "")


def is_writing(example: str) -> bool:
    command = command_of(example)
    return (
        bool(command)
        and EFFECTS[command] is not Effect.READS
        and not example.startswith(LONG)
        and not command.startswith(_ELSEWHERE)
    )


WRITING = [example for example in EXAMPLES if is_writing(example)]
SOME = WRITING if deep(1, usual=0) else WRITING[::6]


def lines(database: Database) -> set[tuple[int, str]]:
    """Each row of a ticket, by the ticket it is of."""
    return {
        (int(row[of]), f"{table} {sorted(row.items(), key=str)}")
        for table, of in _ROWS.items()
        for row in rows(database, f"SELECT * FROM {table}")
    }


@pytest.mark.only_on("sqlite")
@pytest.mark.slow("runs every command that writes")
@pytest.mark.parametrize("example", SOME)
def test_a_changed_ticket_is_among_the_removals(
    cli: Cli, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, example: str
) -> None:
    words = shop_for(cli, database, tmp_path, example)
    write(database, "DELETE FROM savctl_cache_removals")
    before = lines(database)
    monkeypatch.setenv("SAVCTL_TICKET_CACHE_URL", "redis://127.0.0.1:1/0")
    can_ask = "yes" in {one.name for one in COMMANDS[command_of(example)].params}

    cli(*words, *(["--yes"] if can_ask and "--yes" not in words else []))

    changed = {ticket for ticket, _ in before ^ lines(database)}
    known = {row["ticket_id"] for row in rows(database, "SELECT * FROM savctl_cache_removals")}
    assert changed - known == set()


@pytest.mark.only_on("sqlite")
def test_there_are_commands_that_change_tickets() -> None:
    assert len(WRITING) > 60
