"""Orphan cleanup after archive and restore removes nothing that is needed."""

from __future__ import annotations

import io

from savctl.adapters.directory.store import DirectoryStore
from savctl.domain.files.orphans import Brake
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.archive.cold_storage import ColdStorage
from savctl.usecases.archive.restore import restore_ticket
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.bucket.hiding import Hiding
from savctl.usecases.bucket.orphans import clean_up_orphans
from savctl.usecases.operation import Operation
from tests.archive.support import archive, lines_in, old_tickets, put_files
from tests.given import DAY


def test_only_the_orphan_goes_after_archive_and_restore(
    database: Database, clock: SetClock, cold: ColdStorage, store: DirectoryStore
) -> None:
    ids = old_tickets(database, 40)
    files = put_files(database, store)
    orphan = f"tickets/7/{7:032x}.jpg"
    store.put(orphan, io.BytesIO(b"x"), size_bytes=1, content_type="image/jpeg")
    archive(database, clock, cold, bundle_tickets=15)
    for ticket_id in ids[:20]:
        restore_ticket(Operation(database, clock, actor=5), cold, ticket_id)
    clock.advance(2 * DAY)
    report = BatchReport()

    clean_up_orphans(
        Hiding(
            database=database,
            store=store,
            clock=clock,
            grace=DAY,
            retention=30 * DAY,
            terms=BatchContext(report=report),
            audited_as="orphan_cleanup",
        ),
        brake=Brake(percent=20, count=100),
    )

    assert report.details["hidden"] == 1
    assert store.find(orphan) is None
    assert len(list(store.listing("tickets/"))) == files
    assert {line["ticket_id"] for line in lines_in(cold)} == set(ids)
