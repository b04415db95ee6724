"""On a real S3 server with versions: thousands of keys, its own order, and its sudden end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest

from savctl.persistence.engine import Database
from savctl.ports import (
    KeyFailure,
    ObjectStore,
    SetClock,
    StoredObject,
    StoreUnavailable,
    system_clock,
)
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.bucket.deleted_by_others import list_deleted_by_others
from savctl.usecases.bucket.purging_objects import Purging, purge_objects
from tests.bucket.conftest import Bucket
from tests.conftest import Cli, S3Servers
from tests.given import DAY, SECOND, rows
from tests.servers.stores.buckets import server_bucket

pytestmark = [
    pytest.mark.slow("waits for the clock of a server"),
    pytest.mark.only_on("mariadb", "mysql"),
]

LIVE = [f"tickets/{number}/{number:032x}.png" for number in range(1, 1_201)]
# a server that keeps keys as a tree lists these in another order than their bytes have
ODD = [f"tickets/7/{stem}.png" for stem in ("a", "a+b", "a-b", "a!b", "a.b", "é", "e\u0301", "É")]
ORPHANS = [f"tickets/{number}/{number:032x}.pdf" for number in range(1, 31)]


@pytest.fixture
def on_server(
    database: Database, s3_servers: S3Servers, monkeypatch: pytest.MonkeyPatch, cli: Cli
) -> Iterator[Bucket]:
    """A bucket whose objects are older than the grace time of this test, a second."""
    found = server_bucket(s3_servers.of("seaweedfs"), at_once=10)
    for name, value in {**found.environment, "SAVCTL_ORPHAN_GRACE": "1s"}.items():
        monkeypatch.setenv(name, value)
    both = Bucket(found.store, database, SetClock(system_clock()))
    both.grace = SECOND
    yield both
    found.store.close()


def fill(bucket: Bucket, *keys: str) -> None:
    """Objects that are older than a second."""

    def put(key: str) -> None:
        bucket.store.put(key, BytesIO(b"content"), size_bytes=7, content_type="image/png")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, keys))
    time.sleep(1.1)
    bucket.clock.advance(60 * SECOND)


class Ending:
    """The real store, whose server dies after so many listed objects, or hidden batches."""

    def __init__(
        self,
        store: ObjectStore,
        end: Callable[[], None],
        *,
        listed: int = 10**9,
        hidden: int = 10**9,
    ) -> None:
        self._store, self._end = store, end
        self._listed, self._hidden = listed, hidden

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def listing(self, prefix: str) -> Iterator[StoredObject]:
        for number, found in enumerate(self._store.listing(prefix)):
            if number == self._listed:
                self._end()
            yield found

    def hide(self, keys: Iterable[str]) -> list[KeyFailure]:
        self._hidden -= 1
        if self._hidden < 0:
            self._end()
        return self._store.hide(keys)


def test_thousands_of_keys_in_the_server_s_own_order(cli: Cli, on_server: Bucket) -> None:
    fill(on_server, *LIVE, *ODD, *ORPHANS)
    on_server.record(*LIVE, *ODD[:6])

    outcome = cli("job", "run", "orphan-cleanup", "-o", "json")

    report = json.loads(outcome.out)
    assert (outcome.code, report["seen"], report["changed"]) == (0, 1_238, 32), outcome.err
    assert on_server.visible() == {*LIVE, *ODD[:6]}
    assert on_server.store.remains(ORPHANS[0]) == 2


def test_a_server_that_ends_while_it_lists_changes_nothing(
    on_server: Bucket, s3_servers: S3Servers
) -> None:
    fill(on_server, *LIVE[:40], *ORPHANS)
    on_server.record(*LIVE)
    server = s3_servers.of("seaweedfs")

    with pytest.raises(StoreUnavailable):
        on_server.clean_up(store=Ending(on_server.store, server.crash, listed=35))  # type: ignore[arg-type]

    s3_servers.of("seaweedfs")
    assert on_server.visible() == {*LIVE[:40], *ORPHANS}
    assert rows(on_server.database, "SELECT id FROM savctl_purges") == []


def test_a_server_that_ends_while_it_hides_is_made_up_for_by_a_rerun(
    cli: Cli, on_server: Bucket, s3_servers: S3Servers
) -> None:
    fill(on_server, *LIVE[:40], *ORPHANS)
    on_server.record(*LIVE)
    server = s3_servers.of("seaweedfs")

    with pytest.raises(StoreUnavailable):
        on_server.clean_up(store=Ending(on_server.store, server.crash, hidden=1), brake=None)  # type: ignore[arg-type]
    assert cli("job", "run", "orphan-cleanup", "--force").code == 8

    s3_servers.of("seaweedfs")
    assert cli("job", "run", "orphan-cleanup", "--force").code == 0
    assert on_server.visible() == set(LIVE[:40])
    listed = rows(on_server.database, "SELECT hidden_at FROM savctl_purges")
    assert len(listed) == len(ORPHANS)
    assert all(row["hidden_at"] for row in listed)


def test_keys_that_may_not_list_exit_7(
    cli: Cli, on_server: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAVCTL_STORAGE_SECRET_KEY", "wrong")

    assert cli("job", "run", "orphan-cleanup").code == 7


def test_what_the_service_deleted_goes_with_every_version_and_marker(on_server: Bucket) -> None:
    deleted = ORPHANS[:3]
    fill(on_server, LIVE[0], *deleted, *deleted)
    on_server.record(LIVE[0])
    on_server.store.hide(deleted)
    time.sleep(1.1)
    on_server.clock.advance(60 * SECOND)
    work = Purging(
        database=on_server.database,
        store=on_server.store,
        clock=on_server.clock,
        terms=BatchContext(report=BatchReport()),
    )

    assert list_deleted_by_others(work, grace=SECOND, retention=DAY) == 3
    on_server.clock.advance(DAY)
    assert purge_objects(work).objects == 3
    assert [on_server.store.remains(key) for key in deleted] == [0, 0, 0]
    assert on_server.visible() == {LIVE[0]}
