"""Colour has a meaning, and stands on terminals only (contract 1.9)."""

from __future__ import annotations

import pytest

from savctl.persistence.engine import Database
from savctl.ports import SetClock
from tests.cli.terminals import Terminal
from tests.conftest import Cli
from tests.given import created

pytestmark = pytest.mark.only_on("sqlite")
RED = "\x1b[31m"


@pytest.fixture
def ticket(database: Database, clock: SetClock) -> str:
    return created(database, clock, priority="urgent").ticket_number


@pytest.mark.slow("starts a process on a terminal")
@pytest.mark.parametrize(
    ("variables", "has_colours"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_what_is_urgent_is_red_on_a_terminal(
    ticket: str, environment_of: dict[str, str], variables: dict[str, str], has_colours: bool
) -> None:
    terminal = Terminal(environment=environment_of | variables)
    listed, failed = terminal("ticket", "list"), terminal("ticket", "shw")

    assert (f"{RED}urgent\x1b[0m" in listed) == has_colours
    assert (f"{RED}error:\x1b[0m" in failed) == has_colours
    assert ("\x1b" in listed + failed) == has_colours


@pytest.mark.parametrize("form", ["json", "jsonl", "csv", "ids"])
def test_what_programs_read_has_no_colour(cli: Cli, ticket: str, form: str) -> None:
    assert "\x1b" not in cli("ticket", "list", "-o", form, "--color", "always").out


def test_colour_may_be_asked_for_off_a_terminal_and_moves_no_column(cli: Cli, ticket: str) -> None:
    painted = cli("--color", "always", "ticket", "list").out
    plain = cli("ticket", "list", "--color", "never").out

    assert RED in painted
    assert painted.replace(RED, "").replace("\x1b[0m", "") == plain
