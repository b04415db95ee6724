"""`savctl top` on a real terminal: it fits, it listens, and it leaves the terminal as it was."""

from __future__ import annotations

import os
import re
import signal
from datetime import timedelta

import pytest

from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.ports import system_clock
from tests.desk.screens import ScreenOfTop, top_on_a_terminal
from tests.given import AGENT, brought_to, created, write_rows

pytestmark = [
    pytest.mark.slow("starts savctl on a terminal"),
    pytest.mark.only_on("sqlite"),
]
LEFT, RIGHT, UP, DOWN = "\x1b[D", "\x1b[C", "\x1b[A", "\x1bOB"
BACK = "\x1b[?1049l"  # the terminal's own page again


@pytest.fixture
def environment_of(database_url: str, environment: dict[str, str]) -> dict[str, str]:
    return environment | {"SAVCTL_DATABASE_URL": database_url}


@pytest.fixture
def desk(database: Database) -> Database:
    """Some tickets in each status, and fifty runs that failed."""
    for status in (Status.OPEN, Status.OPEN, Status.IN_PROGRESS, Status.RESOLVED):
        brought_to(database, system_clock, status)
    failed = [
        {
            "job": "archive",
            "started_by": "hand",
            "status": "failed",
            "attempt": 1,
            "host": "h",
            "token": 1,
            "started_at": f"{system_clock() - timedelta(hours=n):%Y-%m-%d %H:%M:%S}",
            "error": f"error number {n} \x1b[2J" + "x" * 300,
        }
        for n in range(15, 0, -1)
    ]
    write_rows(database, "savctl_runs", failed)
    return database


def is_read(text: str) -> bool:
    return "Queue:" in text and "q quit" in text


def fits(screen: ScreenOfTop, width: int, height: int) -> bool:
    return len(screen.lines) == height and all(len(line) <= width for line in screen.lines)


@pytest.mark.parametrize(("width", "height"), [(80, 24), (200, 60), (40, 8)])
def test_every_line_fits_the_terminal(
    desk: Database, environment_of: dict[str, str], width: int, height: int
) -> None:
    with top_on_a_terminal(environment_of, width=width, height=height) as screen:
        text = screen.until(is_read)
        screen.press("q")
        code = screen.end()

    assert fits(screen, width, height), text
    assert code == 0
    if height >= 24:  # every section has a part of it
        for title in ("Queue:", "Due next", "Agents:", "Jobs:", "Upkeep", "Last errors"):
            assert title in text
        assert re.search(r"open +0 +0 +2 +0 +2", text)
        assert "error number 1" in text
        assert str(AGENT) in text


def test_a_window_that_changes_is_filled_anew(
    desk: Database, environment_of: dict[str, str]
) -> None:
    with top_on_a_terminal(environment_of, "--interval", "3600") as screen:
        screen.until(is_read)
        screen.resize(150, 40)
        screen.until(lambda _: fits(screen, 150, 40) and any(len(x) > 80 for x in screen.lines))
        screen.resize(60, 10)
        screen.until(lambda _: fits(screen, 60, 10))


def test_arrows_choose_a_section_and_scroll_in_it(
    desk: Database, environment_of: dict[str, str]
) -> None:
    with top_on_a_terminal(environment_of, "--interval", "3600", height=20) as screen:
        screen.until(lambda text: "> Queue" in text)
        screen.press(LEFT)
        screen.until(lambda text: "> Last errors" in text and "error number 1 " in text)
        screen.press(DOWN * 3)
        screen.until(lambda text: "error number 3 " not in text and "error number 4 " in text)
        screen.press(UP)
        screen.until(lambda text: "error number 3 " in text)
        screen.press(DOWN * 99)
        screen.until(lambda text: "error number 15 " in text)
        screen.press(RIGHT)
        screen.until(lambda text: "> Queue" in text)


def test_r_reads_at_once(desk: Database, environment_of: dict[str, str]) -> None:
    with top_on_a_terminal(environment_of, "--interval", "3600") as screen:
        screen.until(lambda text: "Queue: 4 not closed" in text)
        created(desk, system_clock)
        screen.listen(1.5)
        before = screen.text
        screen.press("r")
        screen.until(lambda text: "Queue: 5 not closed" in text)

    assert "Queue: 4 not closed" in before


def test_what_changes_is_seen_after_the_interval(
    desk: Database, environment_of: dict[str, str]
) -> None:
    with top_on_a_terminal(environment_of, "--interval", "1") as screen:
        screen.until(lambda text: "Queue: 4 not closed" in text)
        created(desk, system_clock)
        screen.until(lambda text: "Queue: 5 not closed" in text)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [("q", 0), (signal.SIGINT, 130), (signal.SIGTERM, 143)],
)
def test_the_terminal_is_given_back_as_it_was(
    desk: Database, environment_of: dict[str, str], sent: str | signal.Signals, expected: int
) -> None:
    with top_on_a_terminal(environment_of) as screen:
        before = screen.modes
        screen.until(is_read)
        during = screen.modes
        if isinstance(sent, str):
            screen.press(sent)
        else:
            screen.process.send_signal(sent)
        code = screen.end()
        after = screen.modes

    assert during != before
    assert (code, after) == (expected, before)
    assert screen.received.endswith(BACK)


def test_an_error_gives_the_terminal_back_before_it_is_named(
    desk: Database, environment_of: dict[str, str]
) -> None:
    with top_on_a_terminal(environment_of, program=_BROKEN) as screen:
        before = screen.modes
        exit_code = screen.end()
        after = screen.modes

    assert (exit_code, after) == (1, before)
    shown = screen.received.partition(BACK)[2]
    assert "division by zero" in shown


_BROKEN = """
import savctl.cli.top.loop as loop
from savctl.cli.main import main
loop.draw = lambda *given, **named: 1 / 0
main()
"""


def test_ctrl_z_gives_the_terminal_back_and_fg_takes_it_again(
    desk: Database, environment_of: dict[str, str]
) -> None:
    with top_on_a_terminal(environment_of) as screen:
        before = screen.modes
        screen.until(is_read)
        screen.process.send_signal(signal.SIGTSTP)
        os.waitid(os.P_PID, screen.process.pid, os.WSTOPPED)
        stopped = screen.modes
        screen.process.send_signal(signal.SIGCONT)
        pictures = screen.received.count("\x1b[1;1H")
        screen.until(lambda _: screen.received.count("\x1b[1;1H") > pictures)
        screen.press("q")
        code = screen.end()

    assert (stopped, code) == (before, 0)


def test_no_stored_text_steers_the_terminal_and_no_color_is_heeded(
    desk: Database, environment_of: dict[str, str]
) -> None:
    with top_on_a_terminal(environment_of, width=200, height=60, NO_COLOR="1") as screen:
        screen.until(lambda text: "error number 1 " in text)

    pictures = screen.received.partition("\x1b[1;1H")[2]
    assert "\x1b[2J" not in pictures
    assert "\\x1b[2J" in pictures
    assert re.findall(r"\x1b\[[0-9;]*m", screen.received) == []


def test_a_dumb_terminal_gets_it_once(desk: Database, environment_of: dict[str, str]) -> None:
    with top_on_a_terminal(environment_of, TERM="dumb") as screen:
        code = screen.end()

    assert code == 0
    assert "Queue: 4 not closed" in screen.received
    assert "\x1b" not in screen.received
