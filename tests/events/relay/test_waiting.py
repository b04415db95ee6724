"""What "waiting" means is the same wherever it is asked."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import savctl
from savctl.persistence.engine import Database
from savctl.persistence.events import event_reads, outbox_queue
from savctl.persistence.tickets import counts
from savctl.ports import SetClock
from savctl.usecases.events.outbox import outbox_status, relay_outlook
from tests.conftest import Cli
from tests.events.backlog import put
from tests.given import DAY, write

AT = "'2025-10-03 10:00:00'"
STATES = {
    1: "available_at = NULL",  # waits
    2: "available_at = '2025-10-03 23:00:00', attempts = 3",  # waits for its next try
    3: f"dead_at = {AT}",
    4: f"skipped_at = {AT}",
    5: f"published_at = {AT}",
}
WAITING = [1, 2]


def test_waiting_is_neither_sent_nor_dead_nor_given_up(
    database: Database, clock: SetClock
) -> None:
    put(database, STATES)
    for number, columns in STATES.items():
        write(database, f"UPDATE savctl_outbox SET {columns} WHERE id = {number}")

    with database.reading() as connection:
        listed = event_reads.list_events(connection, waiting_only=True, limit=0)
        by_name = counts.waiting_events(connection)
        late = clock() + DAY
        sendable = outbox_queue.waiting_page(connection, after_id=0, limit=9, now=late)

    assert [row["id"] for row in listed] == WAITING
    assert sum(by_name.values()) == len(WAITING)
    assert [event.id for event in sendable] == WAITING
    assert outbox_status(database, clock)["waiting"] == len(WAITING)
    assert relay_outlook(database, clock, keep=DAY).waiting == len(WAITING)


@pytest.mark.only_on("sqlite")
def test_the_commands_count_the_same(cli: Cli, database: Database) -> None:
    put(database, STATES)
    for number, columns in STATES.items():
        write(database, f"UPDATE savctl_outbox SET {columns} WHERE id = {number}")

    status = json.loads(cli("event", "status", "-o", "json").out)
    listed = json.loads(cli("event", "list", "--waiting", "-o", "json").out)

    assert (status["waiting"], [row["id"] for row in listed]) == (len(WAITING), WAITING)


def test_one_module_says_what_is_not_published() -> None:
    folder = Path(savctl.__file__).parent
    texts = re.compile(r"published_at\.is_\(None\)|published_at\s+IS\s+NULL", re.IGNORECASE)

    found = [path.name for path in folder.rglob("*.py") if texts.search(path.read_text("utf-8"))]

    # what a restored database holds back is decided before any relay looks
    assert sorted(found) == ["outbox_queue.py", "restored.py"]
