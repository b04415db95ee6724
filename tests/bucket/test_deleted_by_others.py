"""What the service's delete hook leaves under its delete markers goes as well (rules 7.4)."""

from __future__ import annotations

import pytest

from savctl.ports import SetClock
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.bucket.deleted_by_others import list_deleted_by_others
from savctl.usecases.bucket.purging_objects import Purging, purge_objects
from savctl.usecases.operation import Operation
from savctl.usecases.privacy.holds import hold_ticket
from tests.bucket.conftest import GRACE, RETENTION, Bucket
from tests.given import DAY, SECOND, rows, write

LIVE = "tickets/1/11111111111111111111111111111111.png"
DELETED = "tickets/1/22222222222222222222222222222222.png"
BROKEN = "temp/session/33333333333333333333333333333333.png"
PURGES = "SELECT object_key, reason, hidden_at, due_at FROM savctl_purges ORDER BY object_key"


@pytest.fixture
def left(bucket: Bucket, clock: SetClock) -> Bucket:
    """The service deleted a file twice, with its record, and something below temp/."""
    bucket.put(LIVE, DELETED, BROKEN)
    bucket.store.hide([DELETED])
    bucket.put(DELETED)
    bucket.store.hide([DELETED, BROKEN])
    bucket.record(LIVE)
    clock.advance(GRACE + SECOND)
    return bucket


def listed(bucket: Bucket, **terms: object) -> int:
    return list_deleted_by_others(work(bucket, **terms), grace=GRACE, retention=RETENTION)


def work(bucket: Bucket, **terms: object) -> Purging:
    given = BatchContext(report=BatchReport(), **terms)  # type: ignore[arg-type]
    return Purging(database=bucket.database, store=bucket.store, clock=bucket.clock, terms=given)


def keys(bucket: Bucket) -> list[str]:
    return [row["object_key"] for row in rows(bucket.database, PURGES)]


def test_they_are_purged_thirty_days_after_they_were_noticed(
    left: Bucket, clock: SetClock
) -> None:
    assert listed(left) == 2
    clock.advance(RETENTION - SECOND)
    purge_objects(work(left))
    assert left.store.remains(DELETED) == 4

    clock.advance(SECOND)
    purge_objects(work(left))

    assert (left.store.remains(DELETED), left.store.remains(BROKEN)) == (0, 0)
    assert left.visible() == {LIVE}
    assert (keys(left), listed(left)) == ([], 0)


def test_a_second_run_lets_the_time_go_on(left: Bucket, clock: SetClock) -> None:
    listed(left)
    before = rows(left.database, PURGES)
    clock.advance(DAY)

    assert listed(left) == 0
    assert rows(left.database, PURGES) == before


def test_a_dry_run_counts_and_writes_nothing(left: Bucket) -> None:
    assert listed(left, dry_run=True) == 2
    assert keys(left) == []


def test_what_a_record_names_stays_whatever_hides_it(left: Bucket) -> None:
    left.record(DELETED)
    left.record(BROKEN.upper())

    assert listed(left) == 1
    assert keys(left) == [BROKEN]


def test_what_is_named_again_before_its_time_is_shown_again(left: Bucket, clock: SetClock) -> None:
    listed(left)
    left.record(DELETED)
    clock.advance(RETENTION)

    purge_objects(work(left))

    assert left.visible() == {LIVE, DELETED}


def test_a_marker_within_the_grace_time_is_left_alone(left: Bucket) -> None:
    fresh = LIVE.replace("1.png", "4.png")
    left.put(fresh)
    left.store.hide([fresh])

    listed(left)

    assert keys(left) == [BROKEN, DELETED]


def test_legal_hold_keeps_it(left: Bucket, clock: SetClock) -> None:
    hold_ticket(Operation(left.database, clock, actor=5), left.ticket.id, reason="court")

    assert listed(left) == 1
    assert keys(left) == [BROKEN]


def test_a_database_without_a_record_is_a_wrong_one(left: Bucket) -> None:
    write(left.database, "DELETE FROM ticket_attachments")

    assert listed(left) == 0


def test_keys_that_are_nobodys_are_left_alone(left: Bucket) -> None:
    left.put("tickets/readme", "archive/2025/01/x")
    left.store.hide(["tickets/readme", "archive/2025/01/x"])
    left.clock.advance(2 * DAY)

    assert listed(left) == 2


def test_a_stop_ends_it_and_says_so(left: Bucket) -> None:
    asked = work(left, should_stop=lambda: True)

    assert list_deleted_by_others(asked, grace=GRACE, retention=RETENTION) == 0
    assert asked.terms.report.left == 1
