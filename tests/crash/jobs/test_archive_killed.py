"""kill -9 at any moment of the archive job, and a bucket that fails in between (rules 9.1).

Whenever somebody looks, every ticket is in exactly one place; at the end nothing is lost: the
bundles hold every row as it was, and the bucket every file.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping
from pathlib import Path

import pytest

from savctl.adapters.directory.store import DirectoryStore
from savctl.persistence.engine import Database
from savctl.usecases.archive.cold_storage import DEFAULT_PREFIX, ColdStorage
from savctl.usecases.archive.lines import whole_of
from savctl.usecases.archive.verify import verify_archive
from tests.archive.support import (
    all_rows,
    archived_ids,
    hot_ids,
    old_tickets,
    put_files,
)
from tests.crash.outages import folder_broken
from tests.crash.processes import (
    Aim,
    count,
    finished,
    running,
    time_passes_for_leases,
    wait_until,
)
from tests.depth import KILLS, work_for_kills
from tests.given import rows

pytestmark = pytest.mark.slow("kills processes at work, again and again")

TICKETS = work_for_kills(200)
BEGUN = "SELECT COUNT(*) AS n FROM savctl_runs"
MIDWAY = "SELECT COUNT(*) AS n FROM savctl_archive_bundles WHERE state <> 'done'"
JOB = ("archive", "run", "--yes")


def killed(database: Database, environment: Mapping[str, str], aim: Aim) -> None:
    """A run that is killed at work."""
    begun = count(database, BEGUN)
    with running(environment, *JOB) as process:
        wait_until(
            lambda: count(database, BEGUN) > begun or process.poll() is not None, what="a run"
        )
        aim.pause()
        process.send_signal(signal.SIGKILL)


def test_an_archive_killed_again_and_again_loses_nothing(
    database: Database, database_url: str, environment: dict[str, str], tmp_path: Path
) -> None:
    ids = set(old_tickets(database, TICKETS))
    folder = tmp_path / "bucket"
    store = DirectoryStore(folder)
    files = put_files(database, store)
    before = all_rows(database)
    environment |= {
        "SAVCTL_DATABASE_URL": database_url,
        "SAVCTL_STORAGE_URL": f"file://{folder}",
        "SAVCTL_BATCH_SIZE": "7",
        "SAVCTL_ARCHIVE_BUNDLE_TICKETS": "20",
    }
    hits, archived, aim = 0, 0, Aim(0.4)

    for number in range(KILLS):
        if number % 5 == 3:
            with folder_broken(folder):
                assert finished(environment, *JOB) in {0, 3, 8}
        killed(database, environment, aim)
        hot, cold_ids = hot_ids(database), archived_ids(database)
        assert not hot & cold_ids, "a ticket in two places"
        assert hot | cold_ids == ids, "a ticket in no place"
        is_midway = count(database, MIDWAY) > 0
        hits += len(cold_ids) < TICKETS and (is_midway or archived < len(cold_ids))
        aim.learn(too_late=len(cold_ids) - archived > TICKETS / KILLS)
        archived = len(cold_ids)
        time_passes_for_leases(database)

    assert hits > KILLS / 4, "too few kills hit a run at work to prove anything"
    assert finished(environment, *JOB) == 0
    assert archived_ids(database) == ids
    assert hot_ids(database) == set()
    cold = ColdStorage(store, DEFAULT_PREFIX)
    assert_nothing_was_lost(database, cold, before)
    assert len(list(store.listing("tickets/"))) == files


def assert_nothing_was_lost(
    database: Database, cold: ColdStorage, before: dict[str, dict[int, dict[str, object]]]
) -> None:
    """The bundles hold every row once, and nothing else lies in cold storage."""
    lines = [line for one in cold.objects() for line in cold.lines(one.key)]
    found = [whole_of(line) for line in lines]
    assert sorted(whole.ticket["id"] for whole in found) == sorted(before["support_tickets"])
    assert sorted(m["id"] for w in found for m in w.messages) == sorted(before["ticket_messages"])
    attachments = sorted(row["id"] for whole in found for row in whole.attachments)
    assert attachments == sorted(before["ticket_attachments"])
    for whole in found:
        stored = before["support_tickets"][whole.ticket["id"]]
        assert whole.ticket["metadata"] == stored["metadata"]
        assert whole.ticket["description"] == stored["description"]
    assert {one.problem for one in verify_archive(database, cold)} == {None}
    assert rows(database, "SELECT * FROM savctl_archive_copies") == []
    states = rows(database, "SELECT DISTINCT state FROM savctl_archive_bundles")
    assert [row["state"] for row in states] == ["done"]
    bundles = count(database, "SELECT COUNT(*) AS n FROM savctl_archive_bundles")
    assert sum(1 for _ in cold.store.versions(DEFAULT_PREFIX)) == 2 * bundles
