"""Eight processes do everything to a hundred tickets at once (rules 1.3, 2.7, 8.1)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from savctl.persistence.engine import Database
from savctl.ports import SetClock, system_clock
from savctl.usecases.database.integrity import CheckOptions, check_integrity
from tests.crash import fork_server
from tests.crash.commands.hammering import Log, hammer
from tests.depth import deep
from tests.given import created
from tests.property import outside
from tests.property.model import Model

PROCESSES, TICKETS = 8, 100
SECONDS = {"sqlite": 3.0}
BY_JOBS = ("no response for", "resolved, not contested", "customer replied")


def all_at_once(url: str, seconds: float) -> Iterator[Log]:
    """Six who type commands and two who run the jobs; each a process of its own."""
    with fork_server.pool(PROCESSES) as pool:
        running = [
            pool.submit(hammer, url, f"p{n}", seconds, jobs=n < 2) for n in range(PROCESSES)
        ]
        for process in running:
            yield process.result(timeout=seconds * 10)


def reasons(tickets: list[Model]) -> set[str]:
    """The reasons that people gave, as the histories keep them."""
    found = {
        entry["reason"]
        for ticket in tickets
        for entry in ticket["history"]
        if entry["reason"] is not None
    }
    return {reason for reason in found if reason.startswith("p") and "-" in reason}


def entries(tickets: list[Model], action: str) -> int:
    return sum(entry["action"] == action for ticket in tickets for entry in ticket["history"])


@pytest.mark.slow("processes meet often enough only in seconds")
def test_no_change_is_lost_and_every_change_leaves_all_its_traces(
    database: Database, database_url: str, clock: SetClock, kind: str
) -> None:
    for _ in range(TICKETS):
        created(database, system_clock)

    logs = list(all_at_once(database_url, SECONDS.get(kind, deep(12.0, usual=5.0))))

    problems = [problem for log in logs for problem in log.problems]
    assert not problems, f"{len(problems)} reached a user, the first:\n{problems[0]}"
    tickets = list(outside.seen(database, behind=0).values())
    assert len(tickets) == TICKETS + sum(log.created for log in logs)
    for ticket in tickets:
        outside.must_hold(ticket)
    assert reasons(tickets) == set().union(*(log.reasons for log in logs))
    assert entries(tickets, "edited") == sum(log.edits for log in logs)
    assert sum(len(t["messages"]) for t in tickets) == sum(log.messages for log in logs)
    by_jobs = [
        entry
        for ticket in tickets
        for entry in ticket["history"]
        if entry["actor"] is None and str(entry["reason"]).startswith(BY_JOBS)
    ]
    assert len(by_jobs) == sum(log.closed_by_jobs for log in logs)
    report = check_integrity(database, system_clock, terms=CheckOptions())
    assert not report.is_broken, report.findings
    _enough_happened(logs)


def _enough_happened(logs: list[Log]) -> None:
    """Else the test would prove nothing."""
    assert sum(log.done for log in logs) > 200
    assert sum(log.refused for log in logs) > 100
    assert sum(log.closed_by_jobs for log in logs) > 0
