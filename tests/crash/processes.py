"""savctl in processes of its own, and a shop big enough to be caught at work on."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from savctl.domain.model.history import Action, HistoryEntry
from savctl.domain.model.metadata import EMPTY
from savctl.domain.model.states import Status
from savctl.persistence.bulk import insert_tickets
from savctl.persistence.engine import Database
from tests.crash import fork_server
from tests.crash.fork_server import Process
from tests.given import AGENT, NOW, a_ticket, rows

PATIENCE_SECONDS = 150.0  # nothing waits so long but a loaded machine, or a fault
start = fork_server.savctl


@contextmanager
def running(environment: Mapping[str, str], *words: str) -> Iterator[Process]:
    """The same for the length of a block: it is gone at the end, whatever happened."""
    with start(environment, *words) as process:
        yield process


def ended(process: Process) -> tuple[int, str, str]:
    """The exit code, stdout and stderr of a process that comes to its end by itself."""
    code = process.wait(PATIENCE_SECONDS)
    return code, *process.communicate()


def finished(environment: Mapping[str, str], *words: str) -> int:
    """The exit code of `savctl WORDS…`."""
    with running(environment, *words) as process:
        return ended(process)[0]


class Aim:
    """How long to wait before a kill, at random, so that most kills hit work on any machine.

    A fast machine would be done before most kills, and a slow one would not have begun.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def pause(self) -> None:
        """Wait for a random moment of the time that work is thought to take."""
        time.sleep(random.uniform(0, self._seconds))

    def learn(self, *, too_late: bool) -> None:
        """Aim earlier after a kill that came too late, a little later after one that did not."""
        self._seconds *= 0.6 if too_late else 1.15


def wait_until(
    is_so: Callable[[], Any],
    *,
    what: str,
    every: float = 0.01,
    patience: float = PATIENCE_SECONDS,
) -> None:
    """Look again and again; a hang is a failure that says what it waited for."""
    give_up = time.monotonic() + patience
    while not is_so():
        if time.monotonic() > give_up:
            raise AssertionError(f"waited in vain for {what}")
        time.sleep(every)


def many_resolved(database: Database, count: int, *, first: int = 1) -> None:
    """Tickets that were resolved long ago, each with a history that ends so."""
    entries = (
        HistoryEntry(at=NOW, actor=AGENT, action=Action.CREATED, after="open"),
        HistoryEntry(
            at=NOW, actor=AGENT, action=Action.STATUS, before="in_progress", after="resolved"
        ),
    )
    metadata = EMPTY.with_history(entries)
    for start_at in range(first, first + count, 1000):
        chunk = [
            a_ticket(Status.RESOLVED, ticket_number=f"TKT-{n:06d}", metadata=metadata)
            for n in range(start_at, min(start_at + 1000, first + count))
        ]
        database.transaction(lambda c, chunk=chunk: insert_tickets(c, chunk))  # type: ignore[misc]


def time_passes_for_leases(database: Database) -> None:
    """Let every lease run out, as it does by itself some seconds after its holder died."""
    database.transaction(
        lambda c: c.exec_driver_sql(
            "UPDATE savctl_leases SET expires_at = '2000-01-01 00:00:00' "
            "WHERE expires_at IS NOT NULL"
        )
    )


def closed_traces(database: Database) -> tuple[int, int, int, int]:
    """Closed tickets, tickets with an audit entry of it, such entries, and events: all equal.

    Nothing but closings is audited or told in these tests.
    """
    closed = count(database, "SELECT COUNT(*) AS n FROM support_tickets WHERE status = 'closed'")
    audited = count(database, "SELECT COUNT(DISTINCT ticket_id) AS n FROM savctl_audit")
    entries = count(database, "SELECT COUNT(*) AS n FROM savctl_audit")
    events = count(database, "SELECT COUNT(*) AS n FROM savctl_outbox")
    return closed, audited, entries, events


def closings_in_histories(database: Database) -> list[int]:
    """For each closed ticket, how many closings its history knows: each is to be one."""
    needle = '"to": "closed"'
    stored = rows(database, "SELECT metadata FROM support_tickets WHERE status = 'closed'")
    return [str(row["metadata"]).replace('":"', '": "').count(needle) for row in stored]


def count(database: Database, statement: str) -> int:
    """One number."""
    return int(rows(database, statement)[0]["n"])
