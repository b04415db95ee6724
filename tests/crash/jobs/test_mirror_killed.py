"""kill -9 at any moment of bucket-mirror: a rerun continues, and nothing is left over."""

from __future__ import annotations

import hashlib
from io import BytesIO

import pytest

from savctl.persistence.engine import Database
from savctl.ports import ObjectStore
from savctl.ports.backup_place import BackupPlace
from tests.crash.processes import (
    PATIENCE_SECONDS,
    Aim,
    count,
    finished,
    start,
    time_passes_for_leases,
    wait_until,
)
from tests.depth import KILLS, too_few
from tests.mirror.conftest import Mirrored, m, place
from tests.servers.stores.buckets import Bucket

__all__ = ["m", "place"]

pytestmark = pytest.mark.slow("kills processes at work, again and again")

JOB = ("job", "run", "bucket-mirror", "--quiet")
AHEAD = 120  # so many objects await each run, however fast the machine copied those before
BEGUN = "SELECT COUNT(*) AS n FROM savctl_runs"


def content(number: int) -> bytes:
    """Each content is that of two objects."""
    return f"content {number // 2}".encode()


def put(store: ObjectStore, numbers: range) -> None:
    """So many more objects."""
    for number in numbers:
        key = f"tickets/1/{number:032x}.png"
        data = content(number)
        store.put(key, BytesIO(data), size_bytes=len(data), content_type="image/png")


@pytest.mark.only_on("sqlite")
@pytest.mark.only_stores("directory", "seaweedfs")
def test_a_mirror_killed_again_and_again_is_complete_in_the_end(
    database: Database,
    database_url: str,
    environment: dict[str, str],
    bucket: Bucket,
    m: Mirrored,
    place: BackupPlace,
) -> None:
    environment |= {
        **bucket.environment,
        "SAVCTL_DATABASE_URL": database_url,
        "SAVCTL_MIRROR_URL": place.name,
        "SAVCTL_BATCH_SIZE": "3",
    }
    hits, put_before, aim = 0, 0, Aim(0.05)

    for number in range(KILLS):
        objects = len(m.keys()) + AHEAD
        put(bucket.store, range(put_before, objects))
        before, begun = pieces(place), count(database, BEGUN)
        process = start(environment, *JOB)
        wait_until(
            lambda number=number, before=before, begun=begun, process=process: (  # type: ignore[misc]
                (pieces(place) != before if number % 5 else count(database, BEGUN) > begun)
                or not process.is_alive()
            ),
            what="a run at work",
            every=0.001,
        )
        aim.pause()
        process.kill()
        process.wait(PATIENCE_SECONDS)
        put_before = objects
        is_too_late = len(m.keys()) == objects
        aim.learn(too_late=is_too_late)
        hits += pieces(place) != before and not is_too_late
        time_passes_for_leases(database)
    assert hits > too_few(KILLS), f"{hits} kills hit a run at work: too few to prove anything"

    assert finished(environment, *JOB) == 0

    assert len(m.keys()) == put_before
    digests = {
        f"objects/{hashlib.sha256(content(number)).hexdigest()}" for number in range(put_before)
    }
    assert m.contents().keys() == digests
    assert pieces(place) == 1
    assert [file.name for file in place.names("unfinished")] == []


def pieces(place: BackupPlace) -> int:
    """How many pieces the index has."""
    return sum(1 for _ in place.names("index/"))
