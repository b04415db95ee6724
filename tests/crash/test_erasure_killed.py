"""kill -9 at any moment of an erasure: the same command ends it, under the same certificate id."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from savctl.persistence.engine import Database
from savctl.ports import ObjectStore, SetClock
from savctl.usecases.erasure.planning import Surroundings
from savctl.usecases.erasure.verifying import verify_person
from tests.crash.processes import (
    PATIENCE_SECONDS,
    Aim,
    count,
    ended,
    running,
    start,
    time_passes_for_leases,
    wait_until,
)
from tests.depth import KILLS, deep
from tests.erasure.everything import Everything, everything, keys_of_own, leftovers, of_eve
from tests.given import CUSTOMER, rows
from tests.servers.buckets import Bucket

pytestmark = [
    pytest.mark.slow("kills processes at work, again and again"),
    pytest.mark.each_database("what a killed process left is what the database committed"),
    pytest.mark.only_stores("directory"),
]
COMMAND = ("gdpr", "erase", str(CUSTOMER), "--confirm", str(CUSTOMER), "--quiet")


@pytest.fixture
def e(database: Database, store: ObjectStore, clock: SetClock) -> Everything:
    return everything(database, store, clock)


def killed(e: Everything, environment: Mapping[str, str], aim: Aim, *, at_once: bool) -> bool:
    """A run that is killed once it has begun, at once or later; False when it was done before."""
    begun = count(e.database, "SELECT COUNT(*) AS n FROM savctl_runs")
    process = start(environment, *COMMAND)
    wait_until(
        lambda: (
            count(e.database, "SELECT COUNT(*) AS n FROM savctl_runs") > begun
            or not process.is_alive()
        ),
        what="a run at work",
    )
    if not at_once:
        aim.pause()
    was_alive = process.is_alive()
    process.kill()
    process.wait(PATIENCE_SECONDS)
    time_passes_for_leases(e.database)
    aim.learn(too_late=not was_alive)
    return was_alive


def test_a_killed_erasure_is_ended_by_the_same_command(
    e: Everything, environment: dict[str, str], database_url: str, bucket: Bucket
) -> None:
    environment |= {"SAVCTL_DATABASE_URL": database_url, **bucket.environment}
    before, aim, kills, ids = of_eve(e), Aim(0.4), 0, set[str]()

    for number in range(deep(KILLS, usual=min(KILLS, 3))):
        kills += killed(e, environment, aim, at_once=number == 0)
        ids |= {row["id"] for row in rows(e.database, "SELECT id FROM savctl_erasures")}
        assert of_eve(e) == before
        done = rows(e.database, "SELECT id FROM savctl_erasures WHERE certificate IS NOT NULL")
        if done:
            break
    with running(environment, *COMMAND) as process:
        code, _, err = ended(process)
    assert code == 0, err

    ids |= {row["id"] for row in rows(e.database, "SELECT id FROM savctl_erasures")}
    assert len(ids) == 1, "another certificate id"
    assert of_eve(e) == before
    assert leftovers(e) == {}
    assert keys_of_own(e) == []
    around = Surroundings(database=e.database, store=e.store, cold=e.cold, clock=e.clock)
    assert verify_person(around, CUSTOMER).left == {}
    assert rows(e.database, "SELECT * FROM savctl_erasure_tickets") == []
    assert kills, "no kill hit a run at work: it proves nothing"
