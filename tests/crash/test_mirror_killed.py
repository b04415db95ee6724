"""kill -9 at any moment of bucket-mirror: a rerun continues, and nothing is left over."""

from __future__ import annotations

import hashlib
import random
import time
from io import BytesIO

import pytest

from savctl.persistence.engine import Database
from savctl.ports.backup_place import BackupPlace
from tests.crash.processes import (
    PATIENCE_SECONDS,
    Aim,
    finished,
    start,
    time_passes_for_leases,
    wait_until,
)
from tests.depth import KILLS, too_few
from tests.mirror.conftest import Mirrored, m, place
from tests.servers.buckets import Bucket

__all__ = ["m", "place"]

pytestmark = pytest.mark.slow("kills processes at work, again and again")

JOB = ("job", "run", "bucket-mirror", "--quiet")
OBJECTS = 12 * KILLS  # so that few kills come after the last batch


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
    contents = [f"content {number // 2}".encode() for number in range(OBJECTS)]
    for number, content in enumerate(contents):
        key = f"tickets/1/{number:032x}.png"
        bucket.store.put(key, BytesIO(content), size_bytes=len(content), content_type="image/png")
    environment |= {
        **bucket.environment,
        "SAVCTL_DATABASE_URL": database_url,
        "SAVCTL_MIRROR_URL": place.name,
        "SAVCTL_BATCH_SIZE": "3",
    }
    hits, aim = 0, Aim(0.05)

    for number in range(KILLS):
        before = pieces(place)
        process = start(environment, *JOB)
        if number % 5:
            wait_until(
                lambda process=process, before=before: (  # type: ignore[misc]
                    pieces(place) != before or not process.is_alive()
                ),
                what="a batch",
            )
            aim.pause()
        else:
            time.sleep(random.uniform(0, 0.4))
        process.kill()
        process.wait(PATIENCE_SECONDS)
        done = len(m.keys())
        aim.learn(too_late=done > OBJECTS * (number + 1) / KILLS)
        hits += pieces(place) != before and done < OBJECTS
        time_passes_for_leases(database)
    assert hits > too_few(KILLS), f"{hits} kills hit a run at work: too few to prove anything"

    assert finished(environment, *JOB) == 0

    assert len(m.keys()) == OBJECTS
    digests = {f"objects/{hashlib.sha256(content).hexdigest()}" for content in contents}
    assert m.contents().keys() == digests
    assert pieces(place) == 1
    assert [file.name for file in place.names("unfinished")] == []


def pieces(place: BackupPlace) -> int:
    """How many pieces the index has."""
    return sum(1 for _ in place.names("index/"))
