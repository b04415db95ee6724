"""`attachment-purge`: what goes for good, what does not, and what is left when it dies."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from savctl.domain.model.states import Status
from savctl.errors import Unavailable
from savctl.persistence.engine import Database
from savctl.persistence.files.attachments import Attachment
from savctl.persistence.files.purge_queue import PurgeReason, PurgeRequest
from savctl.persistence.unit_of_work import in_transaction
from savctl.ports import KeyFailure, ObjectStore, SetClock, StoreUnavailable
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.bucket.purging_objects import Purging, purge_objects
from savctl.usecases.bucket.purging_records import (
    _remove,
    forget_strays,
    purge_deleted_records,
)
from savctl.usecases.files.attaching import attach_files, delete_attachment, restore_attachment
from savctl.usecases.files.uploading import KeyBeingRemoved, Uploading
from savctl.usecases.operation import Operation
from savctl.usecases.privacy.holds import hold_ticket
from savctl.usecases.tickets.transitions import close_ticket
from tests import given
from tests.conftest import S3Servers
from tests.files.conftest import Stage
from tests.files.making import JPEG, PDF, PNG
from tests.files.objects.breaking_store import BreakingStore
from tests.files.objects.test_uploading import PHOTO, keys
from tests.given import AGENT, NOW, brought_to, created, rows, snapshot, write

RETENTION = timedelta(days=30)
RECORDS = "SELECT id FROM ticket_attachments ORDER BY id"
FILES = (("photo.jpg", JPEG), ("letter.pdf", PDF), ("map.png", PNG))
Purge = Callable[..., BatchReport]


@pytest.fixture
def purge(database: Database, store: ObjectStore, clock: SetClock) -> Purge:
    """Run the job's two parts once; other stores, sizes and terms may be given."""

    def run(*, through: Any = store, at_once: int = 200, **terms: Any) -> BatchReport:
        report = BatchReport(lists_changes=bool(terms.get("dry_run")))
        all_terms = BatchContext(report=report, **terms)
        purge_deleted_records(database, clock, retention=RETENTION, terms=all_terms)
        forget_strays(database, terms=all_terms)
        purging = Purging(
            database=database, store=through, clock=clock, terms=all_terms, at_once=at_once
        )
        purge_objects(purging)
        return report

    return run


def attached(
    database: Database, store: ObjectStore, ref: str | int, *files: tuple[str, bytes]
) -> list[Attachment]:
    """Files that were attached when the test's clock began: none is deleted before it came."""
    return given.attached(database, store, ref, *files, clock=SetClock(NOW))


def delete(database: Database, clock: SetClock, *ids: int) -> None:
    for attachment_id in ids:
        delete_attachment(Operation(database, clock, actor=AGENT), attachment_id)


def counts(report: BatchReport) -> tuple[int, int, int]:
    return report.changed, report.skipped, report.failed


def doom(database: Database, clock: SetClock, key: str, **fields: Any) -> None:
    """A hidden orphan whose time is over."""
    known: dict[str, Any] = {"reason": PurgeReason.ORPHAN, "due_at": clock(), "hidden_at": clock()}
    doomed = PurgeRequest(key=key, **known | fields)
    in_transaction(database, lambda uow: uow.purges.want([doomed], at=clock()))


def test_after_30_days_record_and_object_are_gone_with_every_version(
    database: Database, store: ObjectStore, clock: SetClock, purge: Purge
) -> None:
    ticket = created(database, clock)
    photo, letter, _ = attached(database, store, ticket.id, *FILES)
    key = photo.file_path
    store.put(key, io.BytesIO(JPEG), size_bytes=len(JPEG), content_type="image/jpeg")
    store.hide([key])
    store.unhide(key)
    delete(database, clock, photo.id)
    clock.advance(RETENTION - timedelta(microseconds=1))

    early = purge()
    clock.advance(timedelta(microseconds=1))
    done = purge()

    assert counts(early) == (0, 0, 0)
    assert counts(done) == (1, 0, 0)
    assert store.remains(key) == 0
    assert letter.file_path in keys(store)
    assert len(rows(database, RECORDS)) == 2
    assert photo.id not in {
        r["attachment_id"] for r in rows(database, "SELECT * FROM savctl_files")
    }
    assert rows(database, "SELECT * FROM savctl_purges") == []
    actions = [r["action"] for r in rows(database, "SELECT action FROM savctl_audit ORDER BY id")]
    assert actions[-2:] == ["file_purged", "objects_purged"]
    assert counts(purge()) == (0, 0, 0)


def test_an_object_goes_only_with_its_last_record(
    database: Database, store: ObjectStore, clock: SetClock, purge: Purge
) -> None:
    ticket = created(database, clock)
    first, second = attached(database, store, ticket.id, PHOTO, ("again.jpg", JPEG))
    delete(database, clock, first.id)
    clock.advance(RETENTION)

    purge()
    assert keys(store) == [first.file_path]
    assert [row["id"] for row in rows(database, RECORDS)] == [second.id]
    assert rows(database, "SELECT * FROM savctl_purges") == []

    delete(database, clock, second.id)
    clock.advance(RETENTION)
    purge()
    assert keys(store) == []


def test_a_soft_deleted_record_counts_until_it_is_gone(
    database: Database, store: ObjectStore, clock: SetClock, purge: Purge
) -> None:
    ticket = created(database, clock)
    first, second = attached(database, store, ticket.id, PHOTO, ("again.jpg", JPEG))
    delete(database, clock, first.id)
    clock.advance(RETENTION)
    delete(database, clock, second.id)

    purge()

    assert keys(store) == [first.file_path]
    restore_attachment(Operation(database, clock, actor=AGENT), second.id)
    assert counts(purge()) == (0, 0, 0)


@pytest.mark.only_stores("directory")
def test_a_record_of_another_ticket_keeps_the_object(
    database: Database, store: ObjectStore, clock: SetClock, purge: Purge
) -> None:
    ticket, other = created(database, clock), created(database, clock)
    (photo, moved) = attached(database, store, ticket.id, PHOTO, ("again.jpg", JPEG))
    move = f"UPDATE ticket_attachments SET ticket_id = {other.id} WHERE id = {moved.id}"
    database.transaction(lambda c: c.exec_driver_sql(move))
    delete(database, clock, photo.id)
    clock.advance(RETENTION)

    report = purge()

    assert keys(store) == [photo.file_path]
    (kept,) = report.items
    assert (kept.id, kept.reason) == (photo.file_path, f"kept: attachment {moved.id}")


@pytest.mark.only_stores("directory")
def test_a_key_that_differs_in_case_only_keeps_nothing(
    database: Database, store: ObjectStore, clock: SetClock, purge: Purge
) -> None:
    ticket = created(database, clock)
    (photo, other) = attached(database, store, ticket.id, PHOTO, ("map.png", PNG))
    upper = photo.file_path.replace(".jpg", ".JPG")
    write = f"UPDATE ticket_attachments SET file_path = '{upper}' WHERE id = {other.id}"
    database.transaction(lambda c: c.exec_driver_sql(write))
    delete(database, clock, photo.id)
    clock.advance(RETENTION)

    purge()

    assert photo.file_path not in keys(store)


def test_a_hidden_orphan_goes_for_good_when_its_time_is_over(
    database: Database, store: ObjectStore, clock: SetClock, purge: Purge
) -> None:
    ticket = created(database, clock)
    key = f"tickets/{ticket.id}/{'0' * 32}.pdf"
    store.put(key, io.BytesIO(PDF), size_bytes=len(PDF), content_type="application/pdf")
    store.hide([key])
    doom(database, clock, key, due_at=clock() + RETENTION)

    assert counts(purge()) == (0, 0, 0)
    clock.advance(RETENTION)
    assert counts(purge()) == (1, 0, 0)
    assert store.remains(key) == 0


def test_an_orphan_that_is_visible_again_or_named_is_not_purged(
    database: Database, store: ObjectStore, clock: SetClock, purge: Purge
) -> None:
    ticket = created(database, clock)
    (photo,) = attached(database, store, ticket.id, PHOTO)
    shown = f"tickets/{ticket.id}/{'0' * 32}.pdf"
    store.put(shown, io.BytesIO(PDF), size_bytes=len(PDF), content_type="application/pdf")
    doom(database, clock, shown)
    store.hide([photo.file_path])
    doom(database, clock, photo.file_path)

    report = purge()

    assert counts(report) == (0, 2, 0)
    assert {item.reason for item in report.items} == {
        "kept: it is visible again",
        f"kept: attachment {photo.id}",
    }
    assert rows(database, "SELECT * FROM savctl_purges") == []
    assert {shown, photo.file_path} <= set(keys(store))


@pytest.mark.only_stores("directory")
def test_a_legal_hold_keeps_files_and_orphans(
    database: Database, store: ObjectStore, clock: SetClock, purge: Purge
) -> None:
    ticket = created(database, clock)
    (photo,) = attached(database, store, ticket.id, PHOTO)
    orphan = f"tickets/{ticket.id}/{'0' * 32}.pdf"
    delete(database, clock, photo.id)
    hold_ticket(Operation(database, clock, actor=AGENT), ticket.id, reason="lawsuit")
    doom(database, clock, orphan)
    clock.advance(RETENTION)
    before = snapshot(database)

    report = purge()

    assert counts(report) == (0, 2, 0)
    assert all("legal hold" in str(item.reason) for item in report.items)
    assert snapshot(database) == before
    assert photo.file_path in keys(store)


@pytest.mark.only_stores("directory")
def test_a_ticket_closed_since_does_not_keep_a_deleted_file(
    database: Database, store: ObjectStore, clock: SetClock, purge: Purge
) -> None:
    ticket = created(database, clock)
    (photo,) = attached(database, store, ticket.id, PHOTO)
    delete(database, clock, photo.id)
    close_ticket(Operation(database, clock, actor=AGENT), ticket.id, reason="spam")
    clock.advance(RETENTION)

    assert counts(purge()) == (1, 0, 0)
    assert keys(store) == []


def test_a_dry_run_shows_what_the_real_run_does(
    database: Database, store: ObjectStore, clock: SetClock, purge: Purge
) -> None:
    ticket = created(database, clock)
    photo, letter, _ = attached(database, store, ticket.id, *FILES)
    orphan = f"tickets/{ticket.id}/{'0' * 32}.pdf"
    doom(database, clock, orphan)
    delete(database, clock, photo.id, letter.id)
    clock.advance(RETENTION)
    before, stored = snapshot(database), keys(store)

    dry = purge(dry_run=True)

    assert snapshot(database) == before
    assert keys(store) == stored
    assert [item.id for item in dry.items] == [photo.id, letter.id, orphan]
    assert counts(purge()) == counts(dry) == (3, 0, 0)


@pytest.mark.only_stores("directory")
def test_a_record_that_came_back_meanwhile_is_not_forgotten_with_the_strays(
    database: Database, store: ObjectStore, clock: SetClock
) -> None:
    """A restore brings records back under their old ids, also right behind the look for strays."""
    ticket = created(database, clock)
    back, gone = attached(database, store, ticket.id, *FILES[:2])
    write(database, f"DELETE FROM ticket_attachments WHERE id = {gone.id}")

    in_transaction(database, lambda uow: uow.attachments.forget([back.id, gone.id]))

    assert [row["id"] for row in rows(database, RECORDS)] == [back.id]
    known = rows(database, "SELECT attachment_id AS id FROM savctl_files")
    assert [row["id"] for row in known] == [back.id]


@pytest.mark.only_on("sqlite")
@pytest.mark.only_stores("directory")
def test_a_record_that_fails_is_reported_with_its_own_ticket_and_holds_up_no_other(
    database: Database, store: ObjectStore, clock: SetClock, purge: Purge
) -> None:
    created(database, clock)  # the ticket whose id is that of the file
    ticket = created(database, clock)
    kept, gone = attached(database, store, ticket.id, *FILES[:2])
    delete(database, clock, kept.id, gone.id)
    write(
        database,
        "CREATE TRIGGER evidence BEFORE DELETE ON ticket_attachments "
        f"WHEN old.id = {kept.id} BEGIN SELECT RAISE(ABORT, 'kept by another program'); END",
    )
    clock.advance(RETENTION)

    report = purge()

    (failed,) = (item for item in report.items if item.outcome == "failed")
    assert (failed.id, failed.ticket_number) == (kept.id, ticket.ticket_number)
    assert "kept by another program" in str(failed.reason)
    assert keys(store) == [kept.file_path]


def test_a_key_that_fails_is_named_and_tried_again(
    database: Database, store: ObjectStore, clock: SetClock, purge: Purge
) -> None:
    ticket = created(database, clock)
    photo, letter, _ = attached(database, store, ticket.id, *FILES)
    delete(database, clock, photo.id, letter.id)
    clock.advance(RETENTION)

    class Refusing(BreakingStore):
        def purge(self, found: Any) -> list[KeyFailure]:
            kept = photo.file_path
            return [*store.purge(k for k in found if k != kept), KeyFailure(kept, "locked")]

    report = purge(through=Refusing(store))

    assert counts(report) == (2, 0, 1)
    (failed,) = (item for item in report.items if item.outcome == "failed")
    assert (failed.id, failed.reason) == (photo.file_path, "locked")
    (left,) = rows(database, "SELECT * FROM savctl_purges")
    assert (left["attempts"], left["last_error"]) == (1, "locked")
    assert store.remains(letter.file_path) == 0
    purge()
    assert store.remains(photo.file_path) == 0
    assert rows(database, "SELECT * FROM savctl_purges") == []


def test_what_remains_after_a_purge_is_a_failure(
    database: Database, store: ObjectStore, clock: SetClock, purge: Purge
) -> None:
    ticket = created(database, clock)
    (photo,) = attached(database, store, ticket.id, PHOTO)
    delete(database, clock, photo.id)
    clock.advance(RETENTION)

    class Lying(BreakingStore):
        def purge(self, found: Any) -> list[KeyFailure]:
            return [KeyFailure(key, "never") for key in found if key == ""]

    report = purge(through=Lying(store))

    assert counts(report) == (1, 0, 1)
    assert "remain" in str(report.items[-1].reason)


def test_a_store_that_goes_away_is_continued_by_the_next_run(
    database: Database, store: ObjectStore, clock: SetClock, purge: Purge
) -> None:
    ticket = created(database, clock)
    made = attached(database, store, ticket.id, *FILES)
    delete(database, clock, *(one.id for one in made))
    clock.advance(RETENTION)

    with pytest.raises(StoreUnavailable):
        purge(through=BreakingStore(store, gone_at="purge", calls_left=1), at_once=1)
    left = rows(database, "SELECT claimed_at FROM savctl_purges ORDER BY id")
    assert [row["claimed_at"] is not None for row in left] == [True, False]

    purge()
    assert keys(store) == []
    assert rows(database, "SELECT * FROM savctl_purges") == []


def test_while_a_claim_is_open_the_file_cannot_be_attached_again_and_then_it_can(
    database: Database, store: ObjectStore, clock: SetClock, purge: Purge, stage: Stage
) -> None:
    ticket = created(database, clock)
    (photo,) = attached(database, store, ticket.id, PHOTO)
    delete(database, clock, photo.id)
    clock.advance(RETENTION)
    tried: list[str] = []

    def attach() -> None:
        with pytest.raises(KeyBeingRemoved):
            attach_files(Operation(database, clock, actor=AGENT), store, ticket.id, stage(PHOTO))
        tried.append("refused")

    purge(through=BreakingStore(store, before={"purge": attach}))

    assert tried == ["refused"]
    assert store.remains(photo.file_path) == 0
    attach_files(Operation(database, clock, actor=AGENT), store, ticket.id, stage(PHOTO))
    assert keys(store) == [photo.file_path]


def test_an_upload_that_began_before_the_claim_keeps_its_key(
    database: Database, store: ObjectStore, clock: SetClock, purge: Purge, stage: Stage
) -> None:
    ticket = created(database, clock)
    (photo,) = attached(database, store, ticket.id, PHOTO)
    delete(database, clock, photo.id)
    clock.advance(RETENTION)
    reports: list[BatchReport] = []

    # the old record is there when the upload begins, and gone when its object is looked for
    uploading = BreakingStore(store, before={"find": lambda: reports.append(purge())})
    attach_files(Operation(database, clock, actor=AGENT), uploading, ticket.id, stage(PHOTO))

    assert counts(reports[0]) == (1, 1, 0)
    assert "kept: a running upload" in {item.reason for item in reports[0].items}
    assert keys(store) == [photo.file_path]
    assert len(rows(database, RECORDS)) == 1
    assert counts(purge()) == (0, 0, 0)


@pytest.mark.only_stores("directory")
def test_an_upload_that_is_announced_right_before_the_claim_keeps_its_key(
    database: Database, store: ObjectStore, clock: SetClock, purge: Purge, stage: Stage
) -> None:
    ticket = created(database, clock)
    (photo,) = stage(PHOTO)
    doom(database, clock, photo.key(ticket.id))

    def announce() -> None:
        uploading = Uploading(database, clock, store, [photo], by=AGENT)
        in_transaction(
            database, lambda uow: uploading.announce(uow, uow.tickets.lock(ticket.id).id)
        )

    # a hidden orphan is looked for between the look at all records and the claim
    report = purge(through=BreakingStore(store, before={"find": announce}))

    assert [item.reason for item in report.items] == ["kept: a running upload"]


@pytest.mark.only_stores("directory")
def test_a_file_restored_right_before_its_ticket_is_locked_stays(
    database: Database, store: ObjectStore, clock: SetClock
) -> None:
    ticket = created(database, clock)
    (photo,) = attached(database, store, ticket.id, PHOTO)

    in_transaction(database, lambda uow: _remove(uow, [photo.id], clock(), clock()))

    assert [row["id"] for row in rows(database, RECORDS)] == [photo.id]


@pytest.mark.slow("starts a server again")
@pytest.mark.only_on("sqlite")
@pytest.mark.only_stores("seaweedfs")
@pytest.mark.parametrize("dies_at", ["purge", "remains"])
def test_a_server_that_dies_in_the_middle_of_a_purge_is_purged_by_the_next_run(
    database: Database,
    store: ObjectStore,
    s3_servers: S3Servers,
    clock: SetClock,
    purge: Purge,
    dies_at: str,
) -> None:
    server = s3_servers.of("seaweedfs")
    ticket = created(database, clock)
    made = attached(database, store, ticket.id, *FILES)
    delete(database, clock, *(one.id for one in made[:2]))
    clock.advance(RETENTION)
    try:
        with pytest.raises(StoreUnavailable):
            purge(through=BreakingStore(store, before={dies_at: server.crash}), at_once=1)
    finally:
        server.start()

    purge()

    assert keys(store) == [made[2].file_path]
    assert [store.remains(one.file_path) for one in made] == [0, 0, 1]
    assert rows(database, "SELECT * FROM savctl_purges") == []


@pytest.mark.only_stores("directory")
def test_it_works_in_batches_and_stops_between_them(
    database: Database, store: ObjectStore, clock: SetClock, purge: Purge
) -> None:
    ticket = created(database, clock)
    made = attached(database, store, ticket.id, *((f"{n}.pdf", PDF + b"%d" % n) for n in range(7)))
    delete(database, clock, *(one.id for one in made))
    clock.advance(RETENTION)
    asked: list[int] = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) > 2

    report = purge(size=2, should_stop=stop)

    assert report.changed == 4
    assert report.left > 0
    assert purge(size=2, at_once=2).changed == 3
    assert keys(store) == []


@pytest.mark.only_stores("directory")
def test_an_object_outside_the_tickets_folder_is_left_alone(
    database: Database, store: ObjectStore, clock: SetClock, purge: Purge
) -> None:
    ticket = created(database, clock)
    (photo,) = attached(database, store, ticket.id, PHOTO)
    write = f"UPDATE ticket_attachments SET file_path = 'archive/all.zst' WHERE id = {photo.id}"
    database.transaction(lambda c: c.exec_driver_sql(write))
    store.put("archive/all.zst", io.BytesIO(b"x"), size_bytes=1, content_type="text/plain")
    delete(database, clock, photo.id)
    clock.advance(RETENTION)

    report = purge()

    assert "archive/all.zst" in keys(store)
    assert "left alone" in str(report.items[0].reason)
    assert rows(database, RECORDS) == []


@pytest.mark.only_stores("directory")
def test_marks_of_records_that_the_service_removed_are_forgotten(
    database: Database, store: ObjectStore, clock: SetClock, purge: Purge
) -> None:
    ticket = brought_to(database, clock, Status.IN_PROGRESS)
    photo, letter, kept = attached(database, store, ticket.id, *FILES)
    delete(database, clock, photo.id)
    remove = f"DELETE FROM ticket_attachments WHERE id IN ({photo.id}, {letter.id})"
    database.transaction(lambda c: c.exec_driver_sql(remove))

    purge(dry_run=True)
    assert len(rows(database, "SELECT * FROM savctl_files")) == 3
    assert counts(purge()) == (0, 0, 0)
    left = rows(database, "SELECT attachment_id FROM savctl_files")
    assert [row["attachment_id"] for row in left] == [kept.id]
    assert photo.file_path in keys(store), "an orphan: orphan-cleanup's to find"


@pytest.mark.only_stores("directory")
def test_a_lost_lease_purges_nothing(
    database: Database, store: ObjectStore, clock: SetClock, purge: Purge
) -> None:
    ticket = created(database, clock)
    (photo,) = attached(database, store, ticket.id, PHOTO)
    delete(database, clock, photo.id)
    clock.advance(RETENTION)

    class Lost:
        run_id = 1

        def check(self, _: object) -> None:
            raise Unavailable("another host took over")

        def require_held(self) -> None:
            """The fence finds it out."""

    before = snapshot(database)
    with pytest.raises(Unavailable):
        purge(fence=Lost())

    assert snapshot(database) == before
    assert keys(store) == [photo.file_path]
