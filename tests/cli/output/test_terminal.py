"""Pipes that break, and what reaches a terminal (contract 1.2, 1.9)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from savctl.persistence.engine import Database
from savctl.ports import SetClock
from tests.cli.naughty import steering
from tests.cli.terminals import Terminal
from tests.conftest import Cli
from tests.crash.processes import many_resolved
from tests.given import created, rows

EVIL = "\x1b[2J\x9b31m\u202eevil\x07\r\x7f"


@pytest.mark.slow("starts a process")
@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv", "ids"])
def test_a_reader_that_leaves_is_no_failure(
    database: Database, environment_of: dict[str, str], form: str
) -> None:
    many_resolved(database, 9_000 if form == "ids" else 600)

    process = subprocess.Popen(
        [sys.executable, "-m", "savctl", "ticket", "list", "--limit", "0", "-o", form],
        env=environment_of,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.read(10)
    process.stdout.close()
    _, error_text = process.communicate(timeout=60)

    assert (process.returncode, error_text) == (0, b"")


@pytest.mark.slow("starts a process on a terminal")
@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv", "ids"])
@pytest.mark.parametrize("words", [("ticket", "list"), ("ticket", "show", "1")])
def test_no_stored_text_steers_a_terminal(
    database: Database,
    clock: SetClock,
    terminal: Terminal,
    form: str,
    words: tuple[str, ...],
) -> None:
    created(database, clock, subject=EVIL, category=EVIL, tags=(EVIL,), description=EVIL)
    write = "UPDATE support_tickets SET ticket_number = ?"
    database.transaction(lambda c: c.exec_driver_sql(write, (f"TKT-{EVIL}",)))

    shown = terminal(*words, "-o", form, NO_COLOR="1")

    assert "TKT-" in shown
    assert steering(shown) == set()


@pytest.mark.only_on("sqlite")
def test_a_refusal_does_not_steer_a_terminal_either(
    database: Database, terminal: Terminal
) -> None:
    shown = terminal("ticket", "show", f"TKT-{EVIL}", NO_COLOR="1")

    assert "no ticket" in shown
    assert steering(shown) == set()


def test_csv_in_a_file_is_the_text_as_it_is(cli: Cli, database: Database, clock: SetClock) -> None:
    created(database, clock, subject="a\x1b[31mb")

    outcome = cli("ticket", "list", "-o", "csv", "--columns", "subject")

    assert outcome.out == "subject\na\x1b[31mb\n"


@pytest.mark.parametrize("word", ["always", "never", "auto"])
def test_colour_is_for_warnings_on_stderr_only(cli: Cli, word: str) -> None:
    outcome = cli(
        *("ticket", "create", "--user", 7, "--subject", "s", "--description", "d"),
        *("--color", word),
    )

    assert ("\x1b[" in outcome.err) == (word == "always")
    assert "\x1b" not in outcome.out


def test_a_text_from_a_file_loses_only_the_editors_last_line_break(
    cli: Cli, database: Database, tmp_path: Path
) -> None:
    (tmp_path / "letter").write_bytes(b"Dear shop,\r\n\r\nwhere?\r\n")

    for body in ("@letter", "@@home", "plain"):
        cli("ticket", "create", "--user", 7, "--subject", "s", "--description", body)

    stored = rows(database, "SELECT description FROM support_tickets ORDER BY id")
    assert [row["description"] for row in stored] == [
        "Dear shop,\r\n\r\nwhere?",
        "@home",
        "plain",
    ]
