"""Each breach once, whatever happens to the scan: again, beside another, killed (rules 4.6)."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.sla.escalating import escalate
from tests.crash import fork_server
from tests.crash.fork_server import Process
from tests.crash.jobs.late_shop import FOUND, KINDS, emptied, open_late_shop, traces
from tests.crash.processes import (
    Aim,
    count,
    ended,
    time_passes_for_leases,
    wait_until,
)
from tests.depth import KILLS, too_few, work_for_kills
from tests.given import NOW, rows

pytestmark = [
    pytest.mark.slow("kills processes at work, again and again"),
    pytest.mark.only_on("mariadb", "mysql"),
]

TICKETS = work_for_kills(60)
DONE, REFUSED_TO_RUN = 0, 9
LEDGER = "SELECT COUNT(*) AS n FROM savctl_sla_breaches"
BEGUN = "SELECT COUNT(*) AS n FROM savctl_runs"

Traces = dict[str, list[Any]]


@pytest.fixture
def shared(database_url: str, environment: dict[str, str]) -> dict[str, str]:
    """An environment for scans in processes of their own."""
    return environment | {"SAVCTL_DATABASE_URL": database_url, "SAVCTL_BATCH_SIZE": "5"}


def scan(environment: Mapping[str, str]) -> Process:
    """The job, begun in a process of its own at `NOW`."""
    return fork_server.job(environment, "sla-escalation", NOW.isoformat())


def perfect_run(database: Database, tickets: int) -> Traces:
    """What one undisturbed run leaves; then the shop is opened anew."""
    emptied(database)
    open_late_shop(database, tickets)
    scanned(database)
    found = traces(database)
    text = Counter((row[1], row[7]) for row in found["ledger"])
    text["response", "high"] -= tickets // KINDS  # those that were raised before
    assert text == Counter({key: n * tickets // KINDS for key, n in FOUND.items()})
    assert len(found["events"]) == sum(text.values())
    emptied(database)
    open_late_shop(database, tickets)
    return found


def scanned(database: Database, *, size: int = 1_000) -> BatchReport:
    """A scan in this process, without the lease that keeps others away."""
    report = BatchReport()
    escalate(database, SetClock(NOW), terms=BatchContext(report=report, size=size))
    return report


def test_run_twice_it_changes_nothing_more(database: Database, shared: dict[str, str]) -> None:
    expected = perfect_run(database, 200)

    for _ in range(2):
        assert ended(scan(shared))[0] == DONE
        assert traces(database) == expected


def test_started_on_two_hosts_at_once_it_gives_what_one_run_gives(
    database: Database, shared: dict[str, str]
) -> None:
    expected = perfect_run(database, 1_000)

    codes: set[int] = set()
    for _ in range(10):  # one host may be done before the other begins
        hosts = [scan(shared), scan(shared)]
        codes |= {ended(host)[0] for host in hosts}
        assert traces(database) == expected
        if REFUSED_TO_RUN in codes:
            break
        emptied(database)
        open_late_shop(database, 1_000)
    assert codes == {DONE, REFUSED_TO_RUN}, "they never met"


def test_scans_that_no_lease_keeps_apart_still_tell_each_breach_once(
    database: Database, database_url: str
) -> None:
    expected = perfect_run(database, 600)
    others = [Database(database_url) for _ in range(4)]

    with ThreadPoolExecutor(len(others)) as pool:
        reports = list(pool.map(lambda other: scanned(other, size=7), others))
    for other in others:
        other.close()
    scanned(database)  # what each of them left alone because another held it

    assert sum(report.failed for report in reports) == 0
    assert sum(report.changed > 0 for report in reports) > 1, "only one of them found anything"
    assert traces(database) == expected


def test_killed_at_many_moments_it_ends_as_one_perfect_run(
    database: Database, shared: dict[str, str]
) -> None:
    expected = perfect_run(database, TICKETS)
    known, whole = count(database, LEDGER), len(expected["ledger"])
    share = (whole - known) / KILLS / 2  # much must be left for the last kill
    hits, before, aim = 0, known, Aim(0.15)

    for number in range(KILLS):
        killed(database, shared, None if number % 5 == 0 else aim)
        before, known = known, count(database, LEDGER)
        hits += before < known < whole
        aim.learn(too_late=known - before > share)
        assert count(database, LEDGER) - TICKETS // KINDS == events(database)
        time_passes_for_leases(database)
    assert hits > too_few(KILLS), "too few kills hit a scan at work to prove anything"

    assert ended(scan(shared | {"SAVCTL_BATCH_SIZE": "1000"}))[0] == DONE
    assert traces(database) == expected
    *dead, last = rows(database, "SELECT status FROM savctl_runs ORDER BY id")
    assert {run["status"] for run in dead} == {"abandoned"}
    assert last["status"] == "ok"


def killed(database: Database, environment: Mapping[str, str], aim: Aim | None) -> None:
    """A scan that is killed at work; without an aim, on its way to work."""
    begun = count(database, BEGUN)
    with scan(environment) as process:
        if aim is None:
            time.sleep(random.uniform(0, 0.1))
        else:
            wait_until(
                lambda: count(database, BEGUN) > begun or process.poll() is not None,
                what="a run",
            )
            aim.pause()
        process.send_signal(signal.SIGKILL)


def events(database: Database) -> int:
    """How many breaches were told."""
    return count(database, "SELECT COUNT(*) AS n FROM savctl_outbox")
