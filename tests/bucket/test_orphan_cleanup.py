"""Objects that no record names are hidden, and nothing else is (rules 7.5)."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from savctl.adapters.directory.store import DirectoryStore
from savctl.errors import NeedsConfirmation
from savctl.ports import SetClock
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.bucket.orphans import last_cleanup
from savctl.usecases.bucket.purging_objects import Purged, Purging, purge_objects
from savctl.usecases.operation import Operation
from savctl.usecases.privacy.holds import hold_ticket
from savctl.usecases.tickets.merging import merge_tickets
from tests.bucket.conftest import GRACE, RETENTION, Bucket
from tests.given import DAY, SECOND, created, rows, write

LIVE = "tickets/1/11111111111111111111111111111111.png"
ORPHAN = "tickets/1/22222222222222222222222222222222.png"
ARCHIVED = (
    "INSERT INTO savctl_archived_files (attachment_id, ticket_id, object_key, size_bytes) "
    "VALUES (1, 1, '{key}', 7)"
)
FILES = "SELECT ticket_id FROM ticket_attachments"
PURGES = "SELECT object_key, reason, hidden_at, due_at, size_bytes FROM savctl_purges"


@pytest.fixture
def old(bucket: Bucket, clock: SetClock) -> Bucket:
    """A live file and an orphan, both older than the grace time."""
    bucket.put(LIVE, ORPHAN)
    bucket.record(LIVE)
    clock.advance(GRACE + SECOND)
    return bucket


def test_an_orphan_is_hidden_and_kept_for_thirty_days(old: Bucket, clock: SetClock) -> None:
    report = old.clean_up()

    assert old.visible() == {LIVE}
    assert old.store.remains(ORPHAN) == 2  # the content and the marker
    assert report.counts() == {"seen": 2, "changed": 1, "skipped": 0, "failed": 0, "left": 0}
    [purge] = rows(old.database, PURGES)
    assert (purge["object_key"], purge["reason"], purge["size_bytes"]) == (ORPHAN, "orphan", 7)
    assert str(purge["hidden_at"]).startswith(f"{clock():%Y-%m-%d %H:%M:%S}")
    assert str(purge["due_at"]).startswith(f"{clock() + RETENTION:%Y-%m-%d %H:%M:%S}")


def test_a_second_run_has_nothing_to_do(old: Bucket) -> None:
    old.clean_up()

    assert old.clean_up().changed == 0
    assert len(rows(old.database, PURGES)) == 1


def test_a_dry_run_names_the_orphan_and_changes_nothing(old: Bucket) -> None:
    report = old.clean_up(dry_run=True)

    assert [(item.id, item.outcome) for item in report.items] == [(ORPHAN, "changed")]
    assert old.visible() == {LIVE, ORPHAN}
    assert rows(old.database, PURGES) == []
    assert rows(old.database, "SELECT id FROM savctl_reports") == []


def test_an_object_as_old_as_the_grace_time_is_left_alone(bucket: Bucket, clock: SetClock) -> None:
    bucket.put(LIVE, ORPHAN)
    bucket.record(LIVE)
    clock.advance(GRACE)

    report = bucket.clean_up()

    assert ORPHAN in bucket.visible()
    assert report.details["too_young"] == 1
    assert report.details["too_young_bytes"] == 7


@pytest.mark.parametrize(
    ("named", "other"),
    [
        ("tickets/1/abc.png", "tickets/1/ABC.png"),
        ("tickets/1/résumé.pdf", "tickets/1/resume.pdf"),
        ("tickets/1/resume.pdf", "tickets/1/résumé.pdf"),
        ("tickets/1/straße.pdf", "tickets/1/strasse.pdf"),
        ("tickets/1/a.png", "tickets/1/\uff41.png"),
        ("tickets/1/e\u0301.png", "tickets/1/\u00e9.png"),
    ],
)
def test_keys_that_a_collation_takes_for_the_same_are_not(
    bucket: Bucket, clock: SetClock, named: str, other: str
) -> None:
    bucket.put(named, other)
    bucket.record(named)
    clock.advance(2 * DAY)

    bucket.clean_up()

    assert bucket.visible() == {named}


def test_a_trailing_blank_makes_another_key(bucket: Bucket, clock: SetClock) -> None:
    bucket.put("tickets/1/a.png", "tickets/1/a.png ")
    bucket.record("tickets/1/a.png ")
    clock.advance(2 * DAY)

    bucket.clean_up()

    assert bucket.visible() == {"tickets/1/a.png "}


@pytest.mark.parametrize(
    "key",
    [
        "readme.txt",
        "backups/2025/sav.sql",
        "tickets/readme.txt",
        "tickets/abc/1.png",
        "tickets/0/1.png",
        "tickets/1/more/1.png",
        "tickets/1/noextension",
        "tickets/1/holiday in spain.png",
        "temp/loose.bin",
        "Tickets/1/1.png",
    ],
)
def test_keys_of_an_unknown_shape_are_reported_and_never_removed(
    old: Bucket, clock: SetClock, key: str
) -> None:
    old.put(key)
    clock.advance(1000 * DAY)

    report = old.clean_up()

    assert key in old.visible()
    assert report.details["unknown_key"] == 1
    assert [item.id for item in report.items] == [key]


@pytest.mark.parametrize("prefix", ["archive/", "cold/storage/", ""])
@pytest.mark.parametrize("suffix", ["jsonl.zst", "manifest.json"])
def test_bundles_of_the_archive_are_none_of_its_business(
    old: Bucket, clock: SetClock, prefix: str, suffix: str
) -> None:
    key = f"{prefix}2025/01/0123456789abcdef0123456789abcdef.{suffix}"
    old.put(key)
    clock.advance(1000 * DAY)

    report = old.clean_up()

    assert key in old.visible()
    assert (report.skipped, report.details["unknown_key"]) == (0, 0)


def test_a_bucket_of_somebody_else_is_left_as_it_is(bucket: Bucket, clock: SetClock) -> None:
    theirs = {"index.html", "img/2024/01/a.png", "tickets.csv", "tickets/summer.pdf", "tmp/1/a"}
    bucket.put(*theirs)
    bucket.record(LIVE)
    clock.advance(1000 * DAY)

    report = bucket.clean_up(brake=None)

    assert bucket.visible() == theirs
    assert (report.changed, report.details["unknown_key"], report.details["missing"]) == (0, 5, 1)


def test_what_is_left_under_temp_is_orphaned_too(old: Bucket, clock: SetClock) -> None:
    old.put("temp/8d1f/part-1")
    clock.advance(GRACE + SECOND)

    old.clean_up()

    assert old.visible() == {LIVE}


def test_a_merged_ticket_s_file_keeps_its_key_and_stays(bucket: Bucket, clock: SetClock) -> None:
    bucket.put(LIVE)
    bucket.record(LIVE)
    target = created(bucket.database, clock)
    merge_tickets(Operation(bucket.database, clock, actor=5), [bucket.ticket.id], target.id)
    clock.advance(2 * DAY)

    bucket.clean_up()

    assert bucket.visible() == {LIVE}
    assert [row["ticket_id"] for row in rows(bucket.database, FILES)] == [target.id]


def test_an_orphan_of_a_ticket_merged_into_one_under_hold_stays(
    old: Bucket, clock: SetClock
) -> None:
    target = created(old.database, clock)
    merge_tickets(Operation(old.database, clock, actor=5), [old.ticket.id], target.id)
    hold_ticket(Operation(old.database, clock, actor=5), target.id, reason="lawsuit")
    key = f"tickets/{old.ticket.id}/33333333333333333333333333333333.png"
    old.put(key)
    clock.advance(2 * DAY)

    old.clean_up()

    assert key in old.visible()


def test_an_archived_file_stays(old: Bucket) -> None:
    write(old.database, ARCHIVED.format(key=ORPHAN))
    write(old.database, "DELETE FROM ticket_attachments")

    report = old.clean_up()

    assert old.visible() == {ORPHAN}
    assert report.details["missing"] == 0


def test_a_soft_deleted_file_stays(old: Bucket) -> None:
    write(
        old.database,
        "INSERT INTO savctl_files (attachment_id, ticket_id, deleted_at) "
        "SELECT id, ticket_id, created_at FROM ticket_attachments",
    )

    old.clean_up()

    assert LIVE in old.visible()


def test_two_records_of_one_object_keep_it_until_both_are_gone(old: Bucket) -> None:
    old.record(LIVE)
    write(old.database, "DELETE FROM ticket_attachments WHERE id = 1")

    old.clean_up()

    assert LIVE in old.visible()


def test_an_orphan_of_a_ticket_under_legal_hold_stays(old: Bucket, clock: SetClock) -> None:
    hold_ticket(Operation(old.database, clock, actor=5), old.ticket.id, reason="lawsuit")
    key = f"tickets/{old.ticket.id}/33333333333333333333333333333333.png"
    old.put(key)
    clock.advance(2 * DAY)

    report = old.clean_up()

    assert key in old.visible()
    assert f"ticket {old.ticket.id} is under legal hold" in {item.reason for item in report.items}


def test_records_without_an_object_and_of_another_size_are_reported(old: Bucket) -> None:
    gone = "tickets/1/44444444444444444444444444444444.png"
    other = "tickets/1/55555555555555555555555555555555.png"
    old.put(other)
    old.record(gone, size=100)
    old.record(other, size=9)

    report = old.clean_up()

    assert (report.details["missing"], report.details["missing_bytes"]) == (1, 100)
    assert (report.details["size_differs"], report.details["size_differs_bytes"]) == (1, 9)
    assert {item.id: item.reason for item in report.items} == {
        gone: f"record 2 of ticket {old.ticket.id} names it, and there is no object",
        other: f"record 3 of ticket {old.ticket.id} has 9 bytes, the object has 7",
    }
    assert len(rows(old.database, "SELECT id FROM ticket_attachments")) == 3


def test_the_report_of_a_run_is_kept(old: Bucket) -> None:
    old.clean_up()

    kept = last_cleanup(old.database)

    assert kept is not None
    assert {name: kept[name] for name in ("objects", "records", "orphan", "hidden_bytes")} == {
        "objects": 2,
        "records": 1,
        "orphan": 1,
        "hidden_bytes": 7,
    }


class TestBrake:
    def test_an_empty_database_removes_nothing(self, old: Bucket) -> None:
        write(old.database, "DELETE FROM ticket_attachments")

        with pytest.raises(NeedsConfirmation, match="no record at all"):
            old.clean_up()

        assert old.visible() == {LIVE, ORPHAN}
        assert rows(old.database, PURGES) == []

    def test_an_empty_database_and_an_empty_bucket_are_fine(self, bucket: Bucket) -> None:
        assert bucket.clean_up().seen == 0

    def test_a_wrong_database_removes_nothing(self, old: Bucket, clock: SetClock) -> None:
        old.put(*(f"tickets/9/{number:032x}.png" for number in range(20)))
        clock.advance(2 * DAY)

        with pytest.raises(NeedsConfirmation, match=r"21 of 22 objects \(95 %\)"):
            old.clean_up()

        assert len(old.visible()) == 22

    def test_a_few_orphans_are_removed_whatever_their_share(
        self, old: Bucket, clock: SetClock
    ) -> None:
        old.put(*(f"tickets/9/{number:032x}.png" for number in range(9)))
        clock.advance(2 * DAY)

        assert old.clean_up().changed == 10

    def test_force_lifts_it(self, old: Bucket) -> None:
        write(old.database, "DELETE FROM ticket_attachments")

        assert old.clean_up(brake=None).changed == 2


class TestReturn:
    def test_a_database_restored_from_last_week_loses_no_file(
        self, old: Bucket, clock: SetClock
    ) -> None:
        week = [f"tickets/1/{number:032x}.png" for number in range(9)]
        old.put(*week)
        clock.advance(7 * DAY)
        old.clean_up()  # the records of that week are gone with the restore
        assert old.visible() == {LIVE}

        old.record(*week)  # the binary log brings them back
        clock.advance(7 * DAY)
        report = old.clean_up()

        assert old.visible() == {LIVE, *week}
        assert report.details["brought_back"] == 9
        assert [row["object_key"] for row in rows(old.database, PURGES)] == [ORPHAN]

    def test_a_run_on_the_wrong_bucket_does_not_keep_a_file_from_coming_back(
        self, old: Bucket, clock: SetClock, tmp_path: Path
    ) -> None:
        old.clean_up()
        old.record(ORPHAN)

        with closing(DirectoryStore(tmp_path / "another", clock)) as another:
            assert old.clean_up(store=another).details["brought_back"] == 0
        report = old.clean_up()

        assert report.details["brought_back"] == 1
        assert old.visible() == {LIVE, ORPHAN}
        assert rows(old.database, PURGES) == []

    def test_an_orphan_stored_again_is_an_orphan_anew(self, old: Bucket, clock: SetClock) -> None:
        old.clean_up()
        old.put(ORPHAN)
        clock.advance(7 * DAY)

        assert old.clean_up().changed == 1

        [purge] = rows(old.database, PURGES)
        assert str(purge["due_at"]).startswith(f"{clock() + RETENTION:%Y-%m-%d %H:%M:%S}")

    def test_attachment_purge_shows_what_is_named_and_purges_the_rest(
        self, old: Bucket, clock: SetClock
    ) -> None:
        other = "tickets/1/33333333333333333333333333333333.png"
        old.put(other)
        clock.advance(2 * DAY)
        old.clean_up()
        old.record(other)  # and no orphan-cleanup runs for a month

        clock.advance(RETENTION - SECOND)
        assert purge(old).objects == 0
        clock.advance(SECOND)
        done = purge(old)

        assert (done.objects, done.kept) == (1, 1)
        assert old.visible() == {LIVE, other}
        assert old.store.remains(ORPHAN) == 0
        assert rows(old.database, PURGES) == []

    def test_the_brake_does_not_keep_a_file_from_coming_back(
        self, old: Bucket, clock: SetClock
    ) -> None:
        old.clean_up()
        write(old.database, "DELETE FROM ticket_attachments")
        old.record(ORPHAN)
        old.put(*(f"tickets/9/{number:032x}.png" for number in range(20)))
        clock.advance(2 * DAY)

        with pytest.raises(NeedsConfirmation):
            old.clean_up()

        assert ORPHAN in old.visible()


def purge(bucket: Bucket) -> Purged:
    terms = BatchContext(report=BatchReport())
    return purge_objects(
        Purging(database=bucket.database, store=bucket.store, clock=bucket.clock, terms=terms)
    )
