"""kill -9 of a merge at any moment: every ticket moved with all it has, or nothing (rules 6.1)."""

from __future__ import annotations

import random
import signal
import time

import pytest

from savctl.persistence.engine import Database
from savctl.ports import SetClock, system_clock
from savctl.usecases.database.integrity import CheckOptions, check_integrity
from tests.crash.commands.test_command_killed import killed_while_it_writes
from tests.crash.processes import PATIENCE_SECONDS, start
from tests.depth import KILLS
from tests.given import created, rows
from tests.tickets.talk import file_on, published, row_of, say

SOURCES = 40
TRACES = (
    "SELECT (SELECT COUNT(*) FROM ticket_messages WHERE ticket_id = {0}) AS messages, "
    "(SELECT COUNT(*) FROM ticket_attachments WHERE ticket_id = {0}) AS files, "
    "(SELECT COUNT(*) FROM savctl_audit WHERE ticket_id = {0} AND action = 'merged_from') AS told"
)


@pytest.mark.slow("kills processes at work, again and again")
@pytest.mark.timeout(300)
def test_a_merge_is_all_there_or_not_at_all(
    database: Database, database_url: str, environment: dict[str, str], clock: SetClock, kind: str
) -> None:
    environment |= {"SAVCTL_DATABASE_URL": database_url}
    outcomes = []

    for _ in range(KILLS):
        target, *sources = (created(database, clock) for _ in range(SOURCES + 1))
        file_on(database, sources[0], say(database, clock, sources[0], "Hello?"))
        numbers = [source.ticket_number for source in sources]
        process = start(
            environment, "ticket", "merge", *numbers, "--into", target.ticket_number, "--yes"
        )
        if kind == "sqlite":
            time.sleep(random.uniform(0, 0.5))
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=PATIENCE_SECONDS)
        else:
            killed_while_it_writes(database, sources[-1].id, process)
        (found,) = rows(database, TRACES.format(target.id))
        statuses = {row_of(database, source)["status"] for source in sources}
        events = sum(len(published(database, source)) for source in sources)
        outcomes.append((statuses, tuple(found.values()), events))

    all_of_it = ({"closed"}, (SOURCES + 1, 1, SOURCES), 2 * SOURCES + 1)
    nothing = ({"open"}, (0, 0, 0), SOURCES + 1)
    assert all(outcome in (all_of_it, nothing) for outcome in outcomes), outcomes
    assert not check_integrity(database, system_clock, terms=CheckOptions()).is_broken
