"""kill -9 at any moment of an erasure, with the database or the bucket away in turns.

The same command ends it, under the same certificate id, in the state that an undisturbed erasure
leaves. Whenever somebody looks, everything of everybody else is as it was. A person is soon gone:
so many persons are erased as the kills need.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass

import pytest

from savctl.persistence.engine import Database
from savctl.persistence.schema.tables import metadata as tables
from savctl.ports import ObjectStore, SetClock
from savctl.usecases.erasure.planning import Surroundings
from savctl.usecases.erasure.verifying import verify_person
from tests.crash.outages import Outages, outages
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
from tests.depth import KILLS, deep, too_few
from tests.erasure.everything import Everything, everything
from tests.erasure.looking import keys_of_own, leftovers
from tests.erasure.others import changed, others
from tests.given import CUSTOMER, NOW, rows, write
from tests.servers.stores.buckets import Bucket

pytestmark = [
    pytest.mark.slow("kills processes at work, again and again"),
    pytest.mark.pairs(("sqlite", "directory"), ("mariadb", "seaweedfs")),
]
COMMAND = ("gdpr", "erase", str(CUSTOMER), "--confirm", str(CUSTOMER), "--quiet")
BEGUN = "SELECT COUNT(*) AS n FROM savctl_runs"
ENDED = "SELECT id FROM savctl_erasures WHERE certificate IS NOT NULL"
_KILLS = deep(max(KILLS, 100), usual=KILLS)
# 10: the objects of a folder without its content seem to be gone
_AWAY = {0, 8, 10}
# of one run more or less: runs, leases, what was counted, the audit of pages of purged objects
_BY_RUN = {
    *("savctl_runs", "savctl_leases", "savctl_audit"),
    *("savctl_commits", "savctl_figures", "savctl_totals"),
}


@dataclass(slots=True)
class Tally:
    """What came of the kills: those that hit a run, and those after which it had begun."""

    kills: int = 0
    midway: int = 0
    away: int = 0


def killed(e: Everything, network: Outages, aim: Aim, tally: Tally, number: int) -> None:
    """A run that is killed at a random moment; of three one loses the database, one the bucket."""
    begun = count(e.database, BEGUN)
    away: Callable[[], object] = (nullcontext, network.database, network.bucket)[number % 3]
    process = start(network.environment, *COMMAND)
    wait_until(
        lambda: count(e.database, BEGUN) > begun or not process.is_alive(), what="a run at work"
    )
    aim.pause()
    was_alive = process.is_alive()
    with away():  # type: ignore[attr-defined]
        if number % 3:
            Aim(0.3).pause()
            if not process.is_alive() and was_alive:
                assert process.returncode in _AWAY, process.communicate()[1]
                tally.away += process.returncode != 0
        process.kill()
        process.wait(PATIENCE_SECONDS)
    time_passes_for_leases(e.database)
    aim.learn(too_late=not was_alive)
    tally.kills += was_alive
    tally.midway += was_alive and bool(_erasures(e)) and not rows(e.database, ENDED)


def _erasures(e: Everything) -> list[dict[str, object]]:
    return rows(e.database, "SELECT id FROM savctl_erasures")


def assert_ended(e: Everything, before: object) -> None:
    """Nothing of the person is left, and nothing else is missing."""
    assert leftovers(e) == {}
    assert keys_of_own(e) == [e.shared]
    assert list(e.store.partial_uploads("tickets/")) == []
    assert changed(before, others(e)) == []  # type: ignore[arg-type]
    around = Surroundings(database=e.database, store=e.store, cold=e.cold, clock=e.clock)
    assert verify_person(around, CUSTOMER).left == {}
    assert rows(e.database, "SELECT * FROM savctl_erasure_tickets") == []


def sizes(database: Database) -> dict[str, int]:
    """How many rows every table has that does not depend on how often a run was begun."""
    names = sorted(set(tables.tables) - _BY_RUN)
    return {name: count(database, f"SELECT COUNT(*) AS n FROM {name}") for name in names}


@pytest.fixture
def planted(database: Database, store: ObjectStore, clock: SetClock) -> Callable[[], Everything]:
    """Make the person, in tables and a bucket that are as good as new."""

    def plant() -> Everything:
        empty(database, store)
        clock.at = NOW
        e = everything(database, store, clock)
        e.release()
        return e

    return plant


def empty(database: Database, store: ObjectStore) -> None:
    """Forget whom an earlier round was about."""
    for table in reversed(tables.sorted_tables):
        if table.name not in {"savctl_meta", "savctl_leases"}:
            write(database, f"DELETE FROM {table.name}")
    store.purge({version.key for version in store.versions("")})


def finished(environment: Mapping[str, str]) -> None:
    """Run the command to its end."""
    with running(environment, *COMMAND) as process:
        code, _, err = ended(process)
    assert code == 0, err


@pytest.mark.timeout(900)
def test_a_killed_erasure_is_ended_by_the_same_command(
    planted: Callable[[], Everything],
    environment: dict[str, str],
    database: Database,
    database_url: str,
    bucket: Bucket,
) -> None:
    tally, aim = Tally(), Aim(0.8)
    with outages(environment, database_url, bucket) as network:
        e = planted()
        before = others(e)
        finished(network.environment)
        assert_ended(e, before)
        undisturbed = sizes(database)

        number = 0
        while number < _KILLS:
            e = planted()
            before, ids = others(e), set[str]()
            while number < _KILLS and not rows(database, ENDED):
                killed(e, network, aim, tally, number)
                number += 1
                ids |= {str(row["id"]) for row in _erasures(e)}
                assert changed(before, others(e)) == []
            finished(network.environment)
            ids |= {str(row["id"]) for row in _erasures(e)}
            assert len(ids) == 1, "another certificate id"
            assert_ended(e, before)
            assert sizes(database) == undisturbed

    assert tally.kills > too_few(number), tally
    assert tally.midway, "no kill hit an erasure at work: it proves nothing"
