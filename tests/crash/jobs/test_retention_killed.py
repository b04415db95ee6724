"""kill -9 at any moment of retention, most of it bundles being written anew (rules 9.2).

Whenever somebody looks, what stays is in exactly one place and can be read, and what is gone has
left the intent to remove its files; a rerun ends the rest.
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from savctl.adapters.directory.store import DirectoryStore
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.archive.cold_storage import DEFAULT_PREFIX, ColdStorage
from savctl.usecases.archive.restore import restore_ticket
from savctl.usecases.archive.verify import verify_archive
from savctl.usecases.operation import Operation
from tests.archive.support import (
    LAPSED,
    LONG_AGO,
    archive,
    archived_ids,
    bundle_states,
    hot_ids,
    key_of,
    lines_in,
    old_tickets,
)
from tests.crash.processes import (
    PATIENCE_SECONDS,
    count,
    finished,
    start,
    time_passes_for_leases,
    wait_until,
)
from tests.depth import KILLS, work_for_kills
from tests.given import AGENT, DAY, rows, write

pytestmark = pytest.mark.slow("kills processes at work, again and again")

BUNDLES = work_for_kills(5)
JOB = ("job", "run", "retention", "--quiet")
BEGUN = "SELECT COUNT(*) AS n FROM savctl_runs"
COPIES = "SELECT COUNT(*) AS n FROM savctl_archive_copies"


@dataclass(frozen=True, slots=True)
class Shop:
    """Tickets by what is to become of them, and where the archived ones are."""

    database: Database
    cold: ColdStorage
    over: frozenset[int]
    stay_hot: frozenset[int]
    stay_archived: frozenset[int]

    @property
    def left(self) -> int:
        """How many tickets are still to go."""
        return len((hot_ids(self.database) | archived_ids(self.database)) & self.over)


@pytest.fixture
def shop(database: Database, clock: SetClock, tmp_path: Path) -> Shop:
    """Expired tickets, hot ones and archived ones; most bundles hold one that stays as well."""
    cold = ColdStorage(DirectoryStore(tmp_path / "bucket"), DEFAULT_PREFIX)
    archived = old_tickets(database, 4 * BUNDLES, closed_at=LONG_AGO, attachments_each=1)
    # of ten bundles one is over as a whole, one not at all, the others by halves
    over = {one for one in archived if (one % 4 < 2 or one % 40 > 35) and one % 40 not in range(5)}
    ids = ", ".join(map(str, over))
    write(
        database,
        f"UPDATE support_tickets SET closed_at = '{LAPSED:%Y-%m-%d %H:%M:%S}' WHERE id IN ({ids})",
    )
    archive(database, clock, cold, bundle_tickets=4)
    restored = {one for one in archived if one % 40 == 2}
    for one in restored:
        restore_ticket(Operation(database, clock, actor=AGENT), cold, one)
    first = 4 * BUNDLES + 1
    hot = old_tickets(database, 40, first=first, closed_at=LAPSED, attachments_each=1)
    young = old_tickets(database, 10, first=first + 40, closed_at=clock() - 100 * DAY)
    return Shop(
        database,
        cold,
        over=frozenset({*over, *hot}),
        stay_hot=frozenset({*young, *restored}),
        stay_archived=frozenset(set(archived) - over - restored),
    )


def killed(shop: Shop, environment: Mapping[str, str], *, while_starting: bool) -> None:
    """A run that is killed on its way to work, or at work."""
    begun, left = count(shop.database, BEGUN), shop.left
    process = start(environment, *JOB)
    wait_until(
        lambda: (
            (count(shop.database, BEGUN) > begun if while_starting else shop.left < left)
            or not process.is_alive()
        ),
        what="a run at work",
    )
    time.sleep(random.uniform(0, 0.05))
    process.kill()
    process.wait(PATIENCE_SECONDS)
    time_passes_for_leases(shop.database)


def assert_all_is_well(shop: Shop) -> None:
    """What stays is in one place, which can be read; files of what is gone are to go, no other."""
    hot, archived = hot_ids(shop.database), archived_ids(shop.database)
    assert not hot & archived, "a ticket in two places"
    assert hot - shop.over == shop.stay_hot
    assert archived - shop.over == shop.stay_archived
    assert {one.problem for one in verify_archive(shop.database, shop.cold)} == {None}
    gone = shop.over - hot - archived
    wanted = rows(shop.database, "SELECT object_key FROM savctl_purges")
    assert {row["object_key"] for row in wanted} == {key_of(i, n) for i in gone for n in range(2)}


def test_a_retention_killed_again_and_again_keeps_what_stays_and_ends_the_rest(
    shop: Shop, database_url: str, environment: dict[str, str], tmp_path: Path
) -> None:
    before = {line["ticket_id"]: line for line in lines_in(shop.cold)}
    environment |= {
        "SAVCTL_DATABASE_URL": database_url,
        "SAVCTL_STORAGE_URL": f"file://{tmp_path / 'bucket'}",
        "SAVCTL_BATCH_SIZE": "5",
    }
    hits = 0

    for number in range(KILLS):
        left = shop.left
        killed(shop, environment, while_starting=number % 4 == 0)
        hits += 0 < shop.left < left
        assert_all_is_well(shop)
    assert hits > KILLS / 3, f"{hits} kills hit a run at work: too few to prove anything"

    assert finished(environment, *JOB) == 0
    assert (shop.left, count(shop.database, COPIES)) == (0, 0)
    assert_all_is_well(shop)
    kept = {line["ticket_id"]: line for line in lines_in(shop.cold)}
    assert kept == {one: before[one] for one in shop.stay_archived}
    assert set(bundle_states(shop.database)) == {"done"}
    objects = sum(1 for _ in shop.cold.store.versions(DEFAULT_PREFIX))
    assert objects == 2 * len(bundle_states(shop.database)), "no object of a killed run is left"
