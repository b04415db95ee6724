"""A long migration reports how far it is, and stops on the server too (rules 19.3)."""

from __future__ import annotations

import signal

import pytest
from sqlalchemy import text

from savctl.persistence.engine import Database
from savctl.persistence.schema import versions
from savctl.persistence.schema.migration_watch import _mariadb_percent, _mysql_percent
from savctl.usecases.database import schema as use_cases
from savctl.usecases.database.status import status
from tests.crash.fork_server import Process
from tests.crash.processes import wait_until
from tests.schema.support import start_host

RUNNING = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE 'ALTER TABLE%'"


@pytest.mark.only_on("mariadb", "mysql")
@pytest.mark.slow("starts a process that waits")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_index_that_takes_long_is_reported_and_can_be_stopped(
    empty_database: Database, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    with monkeypatch.context() as older:
        older.setattr(versions, "HEAD", "0007")
        use_cases.upgrade(empty_database, owner="tests")
    with empty_database.engine.connect() as reader:
        reader.execute(text("SELECT COUNT(*) FROM support_tickets"))  # the ALTER waits for it
        host = start_host(empty_database, "upgrade")
        wait_until(lambda: reported(host) or not host.is_alive(), what="a report")
        line = reported(host)[0]

        host.send_signal(number)
        _, words = host.communicate(timeout=60)

        with empty_database.reading() as connection:
            assert connection.execute(text(RUNNING)).scalar_one() == 0
    assert "s so far" in line
    assert host.returncode != 0
    assert "stopped at schema 0007: 'savctl db upgrade' continues there" in words
    assert status(empty_database).current == "0007"
    assert use_cases.upgrade(empty_database, owner="tests").changed
    assert status(empty_database).state == "current"


def reported(host: Process) -> list[str]:
    """What it said of the table that it waits for."""
    return [line for line in host.stderr_lines() if "ALTER TABLE support_tickets" in line]


def test_the_share_that_is_done_counts_every_stage() -> None:
    assert _mariadb_percent(0, 0, 0) is None
    assert _mariadb_percent(1, 2, 50) == 25
    assert _mariadb_percent(2, 2, 50) == 75
    assert _mysql_percent(None, None) is None
    assert _mysql_percent(3, 4) == 75
