"""`savctl top` while the database hangs or is away: it says so, and goes on by itself."""

from __future__ import annotations

import pytest

from savctl.persistence.engine import Database
from savctl.ports import system_clock
from tests.conftest import Servers
from tests.desk.screens import top_on_a_terminal
from tests.given import created

pytestmark = [
    pytest.mark.slow("starts savctl on a terminal"),
    pytest.mark.only_on("mariadb"),
]


def test_a_database_that_hangs_is_named_and_the_screen_goes_on(
    database: Database, database_url: str, environment: dict[str, str], servers: Servers
) -> None:
    server = servers.of("mariadb")
    created(database, system_clock)
    given = environment | {"SAVCTL_DATABASE_URL": database_url}
    with top_on_a_terminal(given, "--interval", "1", width=100) as screen:
        screen.until(lambda text: "Queue: 1 not closed" in text)
        server.freeze()
        try:
            hung = screen.until(lambda text: "NO DATA since" in text)
            screen.press("\t")
            moved = screen.until(lambda text: "> Due next" in text)
        finally:
            server.thaw()
        screen.until(lambda text: "NO DATA" not in text)
        created(database, system_clock)
        screen.press("r")  # a part that hung rests for a minute
        screen.until(lambda text: "Queue: 2 not closed" in text)
        screen.press("q")
        code = screen.end()

    assert "does not answer" in hung
    assert "Queue: 1 not closed" in hung, "what was read before stays"
    assert "NO DATA" in moved, "keys are heard meanwhile"
    assert code == 0


def test_a_database_that_is_away_at_first_is_waited_for(
    environment: dict[str, str],
) -> None:
    away = environment | {"SAVCTL_DATABASE_URL": "mysql://u:p@127.0.0.1:9/x"}
    with top_on_a_terminal(away, "--interval", "1") as screen:
        text = screen.until(lambda text: "NO DATA since" in text)
        screen.press("q")
        code = screen.end()

    assert "127.0.0.1:9" in text
    assert code == 0
