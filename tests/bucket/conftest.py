"""A bucket in a folder, beside the test's database."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import text

from savctl.adapters.directory.store import DirectoryStore
from savctl.domain.files.orphans import Brake
from savctl.persistence.engine import Database
from savctl.ports import ObjectStore, SetClock
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.bucket.hiding import Hiding
from savctl.usecases.bucket.orphans import clean_up_orphans
from tests.given import DAY, created

GRACE, RETENTION = DAY, 30 * DAY
BRAKE = Brake(percent=20, count=10)


@pytest.fixture
def store(tmp_path: Path, clock: SetClock) -> Iterator[DirectoryStore]:
    found = DirectoryStore(tmp_path / "bucket", clock)
    yield found
    found.close()


class Bucket:
    """What a test puts into the bucket and into the database, and what it finds there."""

    def __init__(self, store: ObjectStore, database: Database, clock: SetClock) -> None:
        self.store = store
        self.database = database
        self.clock = clock
        self.grace = GRACE
        self.ticket = created(database, clock)

    def put(self, *keys: str, content: bytes = b"content") -> None:
        """Objects that are there now."""
        for key in keys:
            self.store.put(
                key, BytesIO(content), size_bytes=len(content), content_type="text/plain"
            )

    def record(self, *keys: str, size: int = 7, ticket_id: int | None = None) -> None:
        """Records that name keys, as the service writes them."""
        statement = (
            "INSERT INTO ticket_attachments (ticket_id, original_name, filename, file_path, "
            "mime_type, file_size, created_at, updated_at) VALUES "
            "(:ticket, 'a.png', 'a.png', :key, 'image/png', :size, :at, :at)"
        )
        at = self.clock().strftime("%Y-%m-%d %H:%M:%S")
        rows = [
            {"ticket": ticket_id or self.ticket.id, "key": key, "size": size, "at": at}
            for key in keys
        ]
        self.database.transaction(lambda c: c.execute(text(statement), rows))

    def visible(self) -> set[str]:
        """The keys that the bucket shows."""
        return {found.key for found in self.store.listing("")}

    def work(self, *, store: ObjectStore | None = None, dry_run: bool = False) -> Hiding:
        """The terms of a run."""
        return Hiding(
            database=self.database,
            store=store or self.store,
            clock=self.clock,
            grace=self.grace,
            retention=RETENTION,
            terms=BatchContext(report=BatchReport(lists_changes=dry_run), dry_run=dry_run),
            audited_as="orphan_cleanup",
            at_once=10,
        )

    def clean_up(
        self,
        *,
        store: ObjectStore | None = None,
        dry_run: bool = False,
        brake: Brake | None = BRAKE,
    ) -> BatchReport:
        """One run of orphan-cleanup."""
        work = self.work(store=store, dry_run=dry_run)
        clean_up_orphans(work, brake=brake)
        return work.terms.report


@pytest.fixture
def bucket(store: DirectoryStore, database: Database, clock: SetClock) -> Bucket:
    return Bucket(store, database, clock)
