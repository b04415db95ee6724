"""What happens to a ticket while its bundle is on its way: the ticket stays, the copy goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from savctl.adapters.directory.store import DirectoryStore
from savctl.errors import Unavailable
from savctl.persistence.archive.row_digests import locked_digests
from savctl.persistence.archive.snapshot_columns import columns_of
from savctl.persistence.connections.waits import Waits
from savctl.persistence.engine import Database
from savctl.persistence.jobs.lease import Lease, LeaseLost
from savctl.persistence.jobs.leases import acquire
from savctl.ports import SetClock
from savctl.ports.objects import StoreUnavailable
from savctl.usecases.archive.cold_storage import DEFAULT_PREFIX, ColdStorage
from savctl.usecases.archive.restore import read_archived, restore_ticket
from savctl.usecases.archive.verify import verify_archive
from savctl.usecases.operation import Operation
from savctl.usecases.privacy.holds import hold_ticket
from tests.archive.support import (
    all_rows,
    archive,
    archived_ids,
    bundle_states,
    hot_ids,
    lines_in,
    old_tickets,
)
from tests.crash.processes import time_passes_for_leases
from tests.given import rows, write

CHANGES = {
    "a message is read": "UPDATE ticket_messages SET read_at = '2025-01-01 00:00:00' WHERE id = 2",
    "a message is rewritten": "UPDATE ticket_messages SET message = 'other' WHERE id = 2",
    "a message more": "INSERT INTO ticket_messages (ticket_id, sender_id, sender_type, message, "
    "created_at, updated_at) VALUES (1, 1, 'agent', 'late', '2025-01-01', '2025-01-01')",
    "a message less": "DELETE FROM ticket_messages WHERE id = 2",
    "another subject": "UPDATE support_tickets SET subject = 'other' WHERE id = 1",
    "an attachment less": "DELETE FROM ticket_attachments WHERE ticket_id = 1",
}


def first_ticket(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Every row of ticket 1."""
    return {
        table: [row for row in found.values() if row.get("ticket_id", row["id"]) == 1]
        for table, found in all_rows(database).items()
        if table != "savctl_files"
    }


class Watched(DirectoryStore):
    """A folder in which something happens when a bundle is read back, or that breaks down."""

    on_put: Callable[[], object] | None = None
    on_read: Callable[[], object] | None = None
    fails_at: str | None = None

    def put(self, key: str, *given: object, **named: object) -> None:
        happens, self.on_put = self.on_put, None
        if happens is not None:
            happens()
        if self.fails_at is not None and self.fails_at in key:
            raise StoreUnavailable("the bucket went away")
        super().put(key, *given, **named)  # type: ignore[arg-type]

    @contextmanager
    def read(self, key: str, version_id: str | None = None) -> Iterator[Iterator[bytes]]:
        happens, self.on_read = self.on_read, None
        if happens is not None:
            happens()
        with super().read(key, version_id) as pieces:
            yield pieces


@pytest.fixture
def watched(tmp_path: Path, clock: SetClock) -> Iterator[Watched]:
    found = Watched(tmp_path / "files", clock)
    yield found
    found.close()


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_a_ticket_that_changed_stays_whole_and_its_copy_is_taken_out_of_the_bundle(
    database: Database, clock: SetClock, watched: Watched, change: str
) -> None:
    old_tickets(database, 3, attachments_each=1)
    cold = ColdStorage(watched, DEFAULT_PREFIX)
    seen: dict[str, list[dict[str, Any]]] = {}

    def happens() -> None:
        write(database, change)
        seen.update(first_ticket(database))

    watched.on_read = happens
    report = archive(database, clock, cold)

    assert (hot_ids(database), archived_ids(database)) == ({1}, {2, 3})
    assert [(item.id, "changed while" in str(item.reason)) for item in report.items] == [(1, True)]
    assert first_ticket(database) == seen
    assert {line["ticket_id"] for line in lines_in(cold)} == {2, 3}
    assert rows(database, "SELECT * FROM savctl_archive_copies") == []
    assert bundle_states(database) == ["done"]
    assert archive(database, clock, cold).changed == 1


def test_a_hold_that_comes_while_it_is_archived_keeps_it(
    database: Database, clock: SetClock, watched: Watched
) -> None:
    old_tickets(database, 2)
    cold = ColdStorage(watched, DEFAULT_PREFIX)

    def happens() -> None:
        hold_ticket(Operation(database, clock, actor=5), 1, reason="case")

    watched.on_read = happens

    archive(database, clock, cold)

    assert (hot_ids(database), archived_ids(database)) == ({1}, {2})
    assert {line["ticket_id"] for line in lines_in(cold)} == {2}


@pytest.mark.parametrize("where", [".jsonl.zst", ".manifest.json"])
def test_a_bucket_that_goes_away_leaves_every_row_and_the_next_run_goes_on(
    database: Database, clock: SetClock, watched: Watched, where: str
) -> None:
    ids = set(old_tickets(database, 3))
    cold = ColdStorage(watched, DEFAULT_PREFIX)
    watched.fails_at = where

    with pytest.raises(StoreUnavailable):
        archive(database, clock, cold)

    assert (hot_ids(database), archived_ids(database)) == (ids, set())
    copies = rows(database, "SELECT ticket_id FROM savctl_archive_copies")
    assert {row["ticket_id"] for row in copies} == ids, "what may lie there is written down"
    watched.fails_at = None
    archive(database, clock, cold)
    assert archived_ids(database) == ids
    assert bundle_states(database) == ["done"]
    assert sum(1 for _ in watched.versions(DEFAULT_PREFIX)) == 2


def test_a_bundle_that_comes_back_otherwise_deletes_nothing_and_is_written_again(
    database: Database, clock: SetClock, watched: Watched
) -> None:
    ids = set(old_tickets(database, 3))
    cold = ColdStorage(watched, DEFAULT_PREFIX)

    def spoil() -> None:
        (bundle,) = cold.objects()
        cold.write(bundle.key, [b'{"ticket_id": 1, "spoilt": true}'])

    watched.on_read = spoil
    report = archive(database, clock, cold)

    assert (report.failed, hot_ids(database)) == (1, ids)
    archive(database, clock, cold)
    assert archived_ids(database) == ids
    assert {line["ticket_id"] for line in lines_in(cold)} == ids


def leased(database: Database, owner: str) -> Lease:
    """The lease of the job, which nobody holds any more."""
    time_passes_for_leases(database)
    return database.transaction(lambda c: acquire(c, "archive", owner=owner, seconds=60))


def test_a_run_that_was_paused_while_it_wrote_writes_over_nothing(
    database: Database, clock: SetClock, watched: Watched
) -> None:
    ids = set(old_tickets(database, 3))
    cold = ColdStorage(watched, DEFAULT_PREFIX)

    def others_take_over() -> None:
        write(database, "UPDATE ticket_messages SET message = 'newer' WHERE id = 2")
        archive(database, clock, cold, fence=leased(database, "host-b:2"))

    watched.on_put = others_take_over
    with pytest.raises(LeaseLost):
        archive(database, clock, cold, fence=leased(database, "host-a:1"))

    assert archived_ids(database) == ids
    stored_messages = read_archived(database, cold, 1).whole.messages
    assert "newer" in {row["message"] for row in stored_messages}
    assert [one.problem for one in verify_archive(database, cold)] == [None]
    assert sum(1 for _ in watched.versions(DEFAULT_PREFIX)) == 2, "nothing else lies there"


def test_a_run_that_was_paused_while_it_wrote_a_bundle_anew_leaves_nothing_behind(
    database: Database, clock: SetClock, watched: Watched
) -> None:
    restored, *others = old_tickets(database, 3)
    cold = ColdStorage(watched, DEFAULT_PREFIX)
    archive(database, clock, cold)
    restore_ticket(Operation(database, clock, actor=5), cold, restored)

    watched.on_put = lambda: archive(database, clock, cold, fence=leased(database, "host-b:2"))
    with pytest.raises(LeaseLost):
        archive(database, clock, cold, fence=leased(database, "host-a:1"))

    assert archived_ids(database) == set(others)
    assert [one.problem for one in verify_archive(database, cold)] == [None]
    assert sum(1 for _ in watched.versions(DEFAULT_PREFIX)) == 2, "nothing else lies there"


@pytest.mark.only_on("mariadb", "mysql")
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE support_tickets SET subject = 'x' WHERE id = 1",
        "UPDATE ticket_messages SET message = 'x' WHERE id = 2",
        "UPDATE ticket_attachments SET filename = 'x' WHERE ticket_id = 1",
        CHANGES["a message more"],
    ],
)
def test_rows_that_were_compared_stay_locked_until_they_are_deleted(
    database: Database, database_url: str, change: str
) -> None:
    old_tickets(database, 2, attachments_each=1)
    other = Database(database_url, waits=Waits(lock_wait_seconds=1))
    with database.connection() as connection, closing(other):
        locked_digests(connection, columns_of(connection), [1, 2])

        with pytest.raises(Unavailable, match="too busy"):
            write(other, change)

        connection.rollback()
        write(other, change)
