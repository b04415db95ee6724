"""Progress on a terminal, one line off it, and Ctrl-C (contract 1.9)."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from tests.cli.terminals import Terminal
from tests.conftest import Cli
from tests.given import brought_to, created

pytestmark = pytest.mark.only_on("sqlite")
slow = pytest.mark.slow("starts a process on a terminal")


# A process takes the first terminal that it opens for the one that sends it signals. What a shell
# starts in the background ignores Ctrl-C, and so would all that it starts: as in a login again.
_ON_ITS_TERMINAL = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
os.close(os.open(os.ttyname(0), os.O_RDWR))
sys.argv[0] = "savctl"
from savctl.cli.main import main
main()
"""


def interrupted(environment: dict[str, str], after: str, *words: str) -> tuple[int, str]:
    """The exit code, and what a terminal receives, when Ctrl-C follows the text `after`."""
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", _ON_ITS_TERMINAL, *words],
        env=environment | {"TERM": "xterm", "COLUMNS": "80"},
        stdin=child,
        stdout=child,
        stderr=child,
        start_new_session=True,
    )
    os.close(child)
    received, is_sent = "", False
    while True:
        try:
            part = os.read(parent, 65_536).decode()
        except OSError:  # Linux says so when the other side is closed
            break
        if not part:
            break
        received += part
        if after in received and not is_sent:
            os.write(parent, b"\x03")
            is_sent = True
    os.close(parent)
    return process.wait(timeout=60), received


@slow
def test_a_demo_shows_how_far_it_is_and_ctrl_c_what_is_left(
    environment: dict[str, str], tmp_path: Path
) -> None:
    home = tmp_path / "home"

    code, shown = interrupted(
        environment | {"SAVCTL_HOME": str(home)}, "left", "demo", "--tickets", "3000"
    )

    assert code == 130
    assert re.search(r"playing .* \[#*\.+\] +\d+%, about .* left", shown)
    assert shown.endswith(f"\r\ninterrupted; {home}/demo is as it was before\r\n")
    assert not list((home / "demo").glob("*.db"))


@slow
def test_ctrl_c_at_a_question_says_that_nothing_was_done(
    database: Database, clock: SetClock, environment_of: dict[str, str]
) -> None:
    source, target = created(database, clock), created(database, clock)

    code, shown = interrupted(
        environment_of, "[y/N]", "ticket", "merge", str(source.id), "--into", str(target.id)
    )

    assert code == 130
    assert shown.endswith("\r\ninterrupted; nothing was done\r\n")


@slow
@pytest.mark.parametrize(
    ("job", "status"),
    [("auto-close", Status.WAITING_CUSTOMER), ("close-resolved", Status.RESOLVED)],
)
def test_a_job_shows_how_much_of_all_it_has_done(
    database: Database, clock: SetClock, terminal: Terminal, job: str, status: Status
) -> None:
    for _ in range(4):
        brought_to(database, clock, status)

    shown = terminal("job", "run", job, NO_COLOR="1", SAVCTL_BATCH_SIZE="1")

    assert re.search(r"1 seen, 1 changed  \[#{5}\.{15}\] 25%, about .* left", shown)
    assert "4 seen, 4 changed" in shown


@slow
def test_an_answer_stands_on_a_clean_line_after_the_progress(
    database: Database, clock: SetClock, terminal: Terminal
) -> None:
    created(database, clock)

    shown = terminal("db", "check", NO_COLOR="1")

    assert "1 ticket\x1b[K" in shown
    assert shown.endswith("\r\x1b[K1 ticket checked: every invariant holds\n")


def test_off_a_terminal_one_line_says_how_much_was_done(
    cli: Cli, database: Database, clock: SetClock, tmp_path: Path
) -> None:
    created(database, clock)

    outcome = cli("export", "tickets", "--out", tmp_path / "t.csv")

    assert "\r" not in outcome.err
    assert "1 ticket\n" in outcome.err
    assert cli("export", "tickets", "--out", tmp_path / "u.csv", "-q").err == ""
