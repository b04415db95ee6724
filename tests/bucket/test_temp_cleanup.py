"""What uploads left behind goes, what is under way stays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from savctl.adapters.directory.store import DirectoryStore
from savctl.persistence.files.uploads import Upload
from savctl.persistence.unit_of_work import in_transaction
from savctl.ports import KeyFailure, PartialUpload, SetClock, StoreUnavailable
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.bucket.temp_cleanup import clean_up_temp
from tests.bucket.conftest import GRACE, Bucket
from tests.given import DAY, SECOND, rows

PART = "temp/8d1f/11111111111111111111111111111111.pdf"
LIVE = "tickets/1/11111111111111111111111111111111.pdf"


def clean_up(bucket: Bucket, *, dry_run: bool = False) -> BatchReport:
    work = bucket.work(dry_run=dry_run)
    clean_up_temp(work)
    return work.terms.report


def announce(bucket: Bucket, **fields: str | None) -> None:
    known: dict[str, str | None] = {"object_key": LIVE, "temp_key": PART, "upload_id": None}
    upload = Upload(
        id="8d1f",
        ticket_id=1,
        actor=None,
        started_at=bucket.clock(),
        **known | fields,
    )
    in_transaction(bucket.database, lambda uow: uow.uploads.announce([upload]))


def under_way(bucket: Bucket) -> list[str]:
    return [one.key for one in bucket.store.partial_uploads("")]


def test_old_leftovers_are_hidden_and_the_rest_stays(bucket: Bucket, clock: SetClock) -> None:
    bucket.put(PART, LIVE, "temp/loose.txt")
    clock.advance(GRACE + SECOND)
    bucket.put("temp/9/new.pdf")

    report = clean_up(bucket)

    assert bucket.visible() == {LIVE, "temp/loose.txt", "temp/9/new.pdf"}
    assert report.counts() == {"seen": 3, "changed": 1, "skipped": 1, "failed": 0, "left": 0}
    [purge] = rows(bucket.database, "SELECT object_key, reason FROM savctl_purges")
    assert purge == {"object_key": PART, "reason": "orphan"}


class GoneBehindHiding(DirectoryStore):
    """A store that does as it is told and goes away before it says so."""

    def hide(self, keys: Iterable[str]) -> list[KeyFailure]:
        super().hide(keys)
        raise StoreUnavailable("the store went away")


def test_what_a_run_had_hidden_when_it_broke_off_is_settled_by_the_next(
    bucket: Bucket, clock: SetClock, tmp_path: Path
) -> None:
    bucket.put(PART)
    clock.advance(GRACE + SECOND)
    with closing(GoneBehindHiding(tmp_path / "bucket", clock)) as going:
        work = bucket.work(store=going)
        with pytest.raises(StoreUnavailable):
            clean_up_temp(work)
    hidden = "SELECT object_key FROM savctl_purges WHERE hidden_at IS NOT NULL"
    assert rows(bucket.database, hidden) == []

    clean_up(bucket)

    assert bucket.visible() == set()
    assert rows(bucket.database, hidden) == [{"object_key": PART}]


def test_a_record_may_name_an_object_under_temp(bucket: Bucket, clock: SetClock) -> None:
    bucket.put(PART)
    bucket.record(PART)
    clock.advance(2 * DAY)

    clean_up(bucket)

    assert bucket.visible() == {PART}


@pytest.mark.parametrize("key", [PART, LIVE])
def test_an_upload_in_parts_that_nobody_ended_is_ended(
    bucket: Bucket, clock: SetClock, key: str
) -> None:
    bucket.store.begin_parts(key, content_type="application/pdf")
    clock.advance(GRACE + SECOND)
    bucket.store.begin_parts("temp/9/new.pdf", content_type="application/pdf")

    assert clean_up(bucket, dry_run=True).details["uploads_ended"] == 1
    assert len(under_way(bucket)) == 2
    assert clean_up(bucket).details["uploads_ended"] == 1
    assert under_way(bucket) == ["temp/9/new.pdf"]


class Telling(DirectoryStore):
    """A store that tells of uploads in parts as some servers do."""

    tells_of = "all"

    def partial_uploads(self, prefix: str) -> Iterator[PartialUpload]:
        always_listed = {"all": True, "exact keys": not prefix.endswith("/"), "none": False}
        return super().partial_uploads(prefix) if always_listed[self.tells_of] else iter(())


@pytest.mark.parametrize(
    ("tells_of", "is_known"),
    [("all", True), ("all", False), ("exact keys", False), ("none", True)],
)
def test_an_announced_upload_is_ended_and_forgotten_once(
    bucket: Bucket, clock: SetClock, tmp_path: Path, tells_of: str, is_known: bool
) -> None:
    upload_id = bucket.store.begin_parts(PART, content_type="application/pdf")
    announce(bucket, upload_id=upload_id if is_known else None)
    clock.advance(GRACE)
    with closing(Telling(tmp_path / "bucket", clock)) as telling:
        telling.tells_of = tells_of
        _ended_and_forgotten_once(Bucket(telling, bucket.database, clock), clock)
    assert under_way(bucket) == []


def _ended_and_forgotten_once(bucket: Bucket, clock: SetClock) -> None:
    assert clean_up(bucket).details["uploads_ended"] == 0

    clock.advance(SECOND)

    assert clean_up(bucket).details["uploads_ended"] == 1
    assert rows(bucket.database, "SELECT id FROM savctl_uploads") == []


def test_the_key_of_an_upload_under_way_is_no_orphan(bucket: Bucket, clock: SetClock) -> None:
    bucket.put(LIVE, "tickets/1/22222222222222222222222222222222.pdf")
    bucket.record("tickets/1/22222222222222222222222222222222.pdf")
    clock.advance(10 * DAY)
    announce(bucket)

    report = bucket.clean_up()
    assert LIVE in bucket.visible()
    assert [item.reason for item in report.items] == ["is named by now: a running upload"]

    clock.advance(2 * DAY)  # nobody ended it
    assert bucket.clean_up(dry_run=True).changed == 1
    assert LIVE in bucket.visible()
    bucket.clean_up()
    assert LIVE not in bucket.visible()
