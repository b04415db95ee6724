"""kill -9 at any moment of orphan-cleanup: no live file is lost, and a rerun ends the rest."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest

from savctl.adapters.directory.store import DirectoryStore
from savctl.persistence.engine import Database
from savctl.ports import ObjectStore, SetClock
from tests.bucket.conftest import Bucket as Both
from tests.crash.processes import (
    PATIENCE_SECONDS,
    Aim,
    count,
    finished,
    start,
    time_passes_for_leases,
    wait_until,
)
from tests.depth import KILLS, too_few, work_for_kills
from tests.given import created, rows
from tests.servers.stores.buckets import Bucket

pytestmark = pytest.mark.slow("kills processes at work, again and again")

LIVE = [f"tickets/1/{number:032x}.png" for number in range(200)]
ORPHANS = [f"tickets/2/{number:032x}.png" for number in range(work_for_kills(10))]
JOB = ("job", "run", "orphan-cleanup", "--force", "--quiet")
INTENDED = "SELECT COUNT(*) AS n FROM savctl_purges"
UNSETTLED = f"{INTENDED} WHERE hidden_at IS NULL"
BEGUN = "SELECT COUNT(*) AS n FROM savctl_runs"


def fill(store: ObjectStore) -> None:
    """All objects, each with a byte of content."""

    def put(key: str) -> None:
        store.put(key, BytesIO(b"x"), size_bytes=1, content_type="image/png")

    threads = 1 if isinstance(store, DirectoryStore) else 8
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(put, (*LIVE, *ORPHANS)))


def killed(database: Database, environment: Mapping[str, str], aim: Aim | None) -> None:
    """A run that is killed at work; without an aim, on its way to work."""
    begun, intended = count(database, BEGUN), count(database, INTENDED)
    process = start(environment, *JOB)
    wait_until(
        lambda: (
            (count(database, INTENDED) > intended if aim else count(database, BEGUN) > begun)
            or not process.is_alive()
        ),
        what="a run at work",
        every=0.001,
    )
    if aim:
        aim.pause()
    process.kill()
    process.wait(PATIENCE_SECONDS)


@pytest.mark.only_on("mariadb", "mysql")
@pytest.mark.only_stores("directory", "seaweedfs")
def test_a_cleanup_killed_again_and_again_hides_orphans_alone(
    database: Database,
    database_url: str,
    environment: dict[str, str],
    bucket: Bucket,
    clock: SetClock,
) -> None:
    both = Both(bucket.store, database, clock)
    fill(bucket.store)
    both.record(*LIVE, size=1)
    created(database, clock)
    environment |= {
        **bucket.environment,
        "SAVCTL_DATABASE_URL": f"{database_url}?ssl_disabled=true",
        "SAVCTL_BATCH_SIZE": "2",
        "SAVCTL_ORPHAN_GRACE": "1s",
    }
    time.sleep(1.1)
    hits, named, aim = 0, set(LIVE), Aim(0.05)

    for number in range(KILLS):
        before = count(database, INTENDED)
        killed(database, environment, None if number % 5 == 0 else aim)
        done = count(database, INTENDED) - before
        aim.learn(too_late=done > len(ORPHANS) / KILLS)  # some must be left for the last kill
        hits += bool(done) and before + done < len(ORPHANS)
        time_passes_for_leases(database)
        came_back = random.choice(ORPHANS)  # its record came late, or from a backup
        both.record(came_back, size=1)
        named.add(came_back)
    assert hits > too_few(KILLS), f"{hits} kills hit a run at work: too few to prove anything"

    environment["SAVCTL_BATCH_SIZE"] = "1000"
    for _ in range(2):
        assert finished(environment, *JOB) == 0

    assert both.visible() == named
    assert count(database, UNSETTLED) == 0
    listed = {row["object_key"] for row in rows(database, "SELECT object_key FROM savctl_purges")}
    assert listed == set(ORPHANS) - named
