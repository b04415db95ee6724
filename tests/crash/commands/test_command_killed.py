"""kill -9 of a command at any moment: all of it was stored, or nothing (rules 8.1)."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.ports import SetClock, system_clock
from savctl.usecases.database.integrity import CheckOptions, check_integrity
from tests.crash.fork_server import Process
from tests.crash.processes import PATIENCE_SECONDS, start, wait_until
from tests.depth import KILLS
from tests.given import brought_to, rows
from tests.property import outside

WAITING = "SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'"
NOTHING: tuple[int, list[str]] = (0, [])
ALL = (1, ["MessageAdded", "TicketStatusChanged", "TicketResolved"])


@contextmanager
def held_up(database: Database, ticket_id: int) -> Iterator[None]:
    """Whoever wants the ticket's row stands in front of it until this ends."""
    with database.engine.connect() as connection, connection.begin():
        connection.exec_driver_sql(
            f"SELECT id FROM support_tickets WHERE id = {ticket_id} FOR UPDATE"
        )
        yield


def killed_while_it_writes(database: Database, ticket_id: int, process: Process) -> None:
    with held_up(database, ticket_id):
        wait_until(
            lambda: rows(database, WAITING)[0]["Value"] != "0", what="the command at the row"
        )
    time.sleep(random.uniform(0, 0.012))
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=PATIENCE_SECONDS)
    with held_up(database, ticket_id):
        pass  # its transaction has ended, one way or the other


def killed_sometime(process: Process) -> None:
    time.sleep(random.uniform(0, 0.15))
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=PATIENCE_SECONDS)


@pytest.mark.slow("kills processes at work, again and again")
def test_a_resolution_with_a_message_is_all_there_or_not_at_all(
    database: Database, database_url: str, environment: dict[str, str], clock: SetClock, kind: str
) -> None:
    environment |= {"SAVCTL_DATABASE_URL": database_url}
    tickets = [brought_to(database, clock, Status.IN_PROGRESS).id for _ in range(KILLS)]
    before = outside.seen(database, behind=0)
    stored_messages = ("--message", "A new one is on its way.", "--as", "10")

    for ticket_id in tickets:
        process = start(environment, "ticket", "resolve", str(ticket_id), *stored_messages)
        if kind == "sqlite":
            killed_sometime(process)
        else:
            killed_while_it_writes(database, ticket_id, process)

    outcomes = set()
    for ticket_id, ticket in outside.seen(database, behind=0).items():
        outside.must_hold(ticket)
        published = [
            event["event"] for event in ticket["events"][len(before[ticket_id]["events"]) :]
        ]
        found = (len(ticket["messages"]), published)
        assert found == (ALL if ticket["status"] == "resolved" else NOTHING)
        outcomes.add(ticket["status"])
    assert outcomes <= {"in_progress", "resolved"}, "a command that was killed did something else"
    assert not check_integrity(database, system_clock, terms=CheckOptions()).is_broken
