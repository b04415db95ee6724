"""What happens to a key between the listing and its removal: nothing live is ever hidden."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import pytest

from savctl.errors import Unavailable
from savctl.persistence.unit_of_work import in_transaction
from savctl.ports import (
    KeyFailure,
    NotVersioned,
    ObjectStore,
    SetClock,
    StoredObject,
    StoreRefused,
    StoreUnavailable,
)
from savctl.usecases.bucket.hiding import Hiding
from savctl.usecases.bucket.orphans import clean_up_orphans
from tests.bucket.conftest import Bucket
from tests.given import DAY, rows, write

LIVE = "tickets/1/11111111111111111111111111111111.png"
ORPHANS = [f"tickets/2/{number:032x}.png" for number in range(25)]
PURGES = "SELECT object_key FROM savctl_purges ORDER BY object_key"
UNSETTLED = "SELECT object_key FROM savctl_purges WHERE hidden_at IS NULL"


class Watched:
    """The real store, in which something happens at certain moments."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self.after_listing: Callable[[], None] = lambda: None
        self.before_hiding: Callable[[list[str]], None] = lambda _: None
        self.after_hiding: Callable[[list[str]], None] = lambda _: None
        self.refuses: dict[str, str] = {}
        self.hidden: set[str] = set()
        self.order: Callable[[list[StoredObject]], list[StoredObject]] = list

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def listing(self, prefix: str) -> Iterator[StoredObject]:
        yield from self.order(list(self._store.listing(prefix)))
        self.after_listing()

    def hide(self, keys: Iterable[str]) -> list[KeyFailure]:
        keys = list(keys)
        self.before_hiding(keys)
        self.hidden |= set(keys)
        failures = self._store.hide([key for key in keys if key not in self.refuses])
        self.after_hiding(keys)
        return failures + [KeyFailure(k, self.refuses[k]) for k in keys if k in self.refuses]


@pytest.fixture
def watched(bucket: Bucket, clock: SetClock) -> Watched:
    bucket.put(LIVE, *ORPHANS)
    bucket.record(LIVE, *(f"tickets/3/{number:032x}.png" for number in range(100)))
    clock.advance(2 * DAY)
    return Watched(bucket.store)


def clean_up(bucket: Bucket, watched: Watched) -> object:
    return bucket.clean_up(store=watched, brake=None)  # type: ignore[arg-type]


def test_a_record_written_after_the_listing_is_seen(bucket: Bucket, watched: Watched) -> None:
    watched.after_listing = lambda: bucket.record(ORPHANS[7])

    clean_up(bucket, watched)

    assert bucket.visible() == {LIVE, ORPHANS[7]}


def test_a_record_written_after_the_database_was_read_is_seen_by_the_last_look(
    bucket: Bucket, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    from savctl.usecases.bucket import bucket_scan as bucket_census

    def late(*_: object) -> Iterator[list[str]]:
        bucket.record(ORPHANS[7])
        return iter(())

    monkeypatch.setattr(bucket_census, "pending", late)

    clean_up(bucket, watched)

    assert bucket.visible() == {LIVE, ORPHANS[7]}
    assert ORPHANS[7] not in watched.hidden
    assert ORPHANS[7] not in {row["object_key"] for row in rows(bucket.database, PURGES)}


def test_a_record_written_while_hiding_gets_its_object_back(
    bucket: Bucket, watched: Watched
) -> None:
    watched.after_hiding = lambda keys: bucket.record(keys[0])

    clean_up(bucket, watched)

    back = {ORPHANS[0], ORPHANS[10], ORPHANS[20]}
    assert bucket.visible() == {LIVE, *back}
    listed = {row["object_key"] for row in rows(bucket.database, PURGES)}
    assert listed == set(ORPHANS) - back


def test_an_object_stored_again_meanwhile_is_an_upload_under_way(
    bucket: Bucket, watched: Watched
) -> None:
    watched.after_listing = lambda: bucket.put(ORPHANS[7])

    clean_up(bucket, watched)

    assert bucket.visible() == {LIVE, ORPHANS[7]}
    assert len(rows(bucket.database, PURGES)) == len(ORPHANS) - 1


def test_an_upload_during_the_run_is_no_record_without_object(
    bucket: Bucket, watched: Watched
) -> None:
    def upload() -> None:
        bucket.put("tickets/1/99999999999999999999999999999999.png")
        bucket.record("tickets/1/99999999999999999999999999999999.png")

    watched.after_listing = upload

    report = bucket.clean_up(store=watched, brake=None)  # type: ignore[arg-type]

    assert report.details["missing"] == 100  # those of the fixture


@pytest.mark.parametrize("order", ["backwards", "as a tree", "twice"])
def test_the_order_of_the_listing_does_not_matter(
    bucket: Bucket, watched: Watched, clock: SetClock, order: str
) -> None:
    names = ["tickets/1/a-b.png", "tickets/1/a.png", "tickets/1/a+.png", "tickets/10/a.png"]
    bucket.put(*names, "tickets/1/a!.png")
    bucket.record(*names)
    clock.advance(2 * DAY)
    orders: dict[str, Callable[[list[StoredObject]], list[StoredObject]]] = {
        "backwards": lambda found: found[::-1],
        "as a tree": lambda found: sorted(found, key=lambda one: one.key.replace("/", "\0")),
        "twice": lambda found: found + found,
    }
    watched.order = orders[order]

    report = bucket.clean_up(store=watched, brake=None)  # type: ignore[arg-type]

    assert bucket.visible() == {LIVE, *names}
    assert report.seen == len(ORPHANS) + 6


def test_keys_that_the_store_refuses_are_named_and_the_others_done(
    bucket: Bucket, watched: Watched
) -> None:
    watched.refuses = {ORPHANS[3]: "AccessDenied: Access Denied."}

    report = bucket.clean_up(store=watched, brake=None)  # type: ignore[arg-type]

    assert (report.changed, report.failed) == (len(ORPHANS) - 1, 1)
    assert bucket.visible() == {LIVE, ORPHANS[3]}
    assert [item.id for item in report.items if item.outcome == "failed"] == [ORPHANS[3]]
    assert len(rows(bucket.database, PURGES)) == len(ORPHANS) - 1


def test_half_a_listing_is_never_compared(bucket: Bucket, watched: Watched) -> None:
    def breaks() -> None:
        raise StoreUnavailable("the bucket does not answer")

    watched.after_listing = breaks

    with pytest.raises(StoreUnavailable):
        clean_up(bucket, watched)

    assert bucket.visible() == {LIVE, *ORPHANS}
    assert rows(bucket.database, PURGES) == []


def test_a_store_that_goes_while_hiding_leaves_nothing_that_a_rerun_does_not_end(
    bucket: Bucket, watched: Watched, clock: SetClock
) -> None:
    def breaks(keys: list[str]) -> None:
        if ORPHANS[10] in keys:
            raise StoreUnavailable("the bucket does not answer")

    watched.after_hiding = breaks
    with pytest.raises(Unavailable):
        clean_up(bucket, watched)
    assert bucket.visible() == {LIVE, *ORPHANS[20:]}
    assert len(rows(bucket.database, UNSETTLED)) == len(ORPHANS)

    bucket.record(ORPHANS[5], ORPHANS[22])
    clock.advance(7 * DAY)
    report = bucket.clean_up(brake=None)

    assert bucket.visible() == {LIVE, ORPHANS[5], ORPHANS[22]}
    assert report.changed == 4
    assert rows(bucket.database, UNSETTLED) == []
    assert len(rows(bucket.database, PURGES)) == len(ORPHANS) - 2


@pytest.mark.parametrize(
    "refusal", [StoreRefused("the keys may not delete"), NotVersioned("no versions are kept")]
)
def test_a_store_that_refuses_leaves_nothing_on_the_list(
    bucket: Bucket, watched: Watched, refusal: Exception
) -> None:
    def refuse(_: list[str]) -> None:
        raise refusal

    watched.before_hiding = refuse

    with pytest.raises(type(refusal)):
        clean_up(bucket, watched)

    assert bucket.visible() == {LIVE, *ORPHANS}
    assert rows(bucket.database, PURGES) == []


def test_what_is_on_the_list_for_another_reason_is_left_to_it(
    bucket: Bucket, watched: Watched
) -> None:
    bucket.clean_up(brake=None)
    bucket.store.unhide(ORPHANS[0])
    write(bucket.database, "UPDATE savctl_purges SET reason = 'retention'")

    report = bucket.clean_up(brake=None)

    assert ORPHANS[0] in bucket.visible()
    assert "is to be purged already: retention" in {item.reason for item in report.items}


def test_a_stop_while_it_lists_leaves_everything(bucket: Bucket, watched: Watched) -> None:
    work = replace_stop(bucket.work(store=watched), lambda: True)  # type: ignore[arg-type]

    clean_up_orphans(work, brake=None)

    assert work.terms.report.left
    assert bucket.visible() == {LIVE, *ORPHANS}
    assert rows(bucket.database, "SELECT id FROM savctl_reports") == []


def test_a_stop_while_it_hides_finishes_the_batch(bucket: Bucket, watched: Watched) -> None:
    work = replace_stop(bucket.work(store=watched), lambda: bool(watched.hidden), size=10)  # type: ignore[arg-type]

    clean_up_orphans(work, brake=None)

    assert (work.terms.report.changed, work.terms.report.left) == (10, 15)
    assert bucket.visible() == {LIVE, *ORPHANS[10:]}
    assert rows(bucket.database, UNSETTLED) == []


def replace_stop(work: Hiding, should_stop: Callable[[], bool], *, size: int = 1_000) -> Hiding:
    return replace(work, terms=replace(work.terms, should_stop=should_stop, size=size))


def test_a_record_gets_its_object_back_from_a_run_that_died_right_behind_hiding_it(
    bucket: Bucket, watched: Watched
) -> None:
    def dies(_: list[str]) -> None:
        raise KeyboardInterrupt

    watched.after_hiding = dies
    with pytest.raises(KeyboardInterrupt):
        clean_up(bucket, watched)
    bucket.record(ORPHANS[0])  # its upload was stored before the object was hidden
    in_transaction(bucket.database, lambda uow: uow.purges.cancel([ORPHANS[0]]))

    bucket.clean_up(brake=None)

    assert bucket.visible() == {LIVE, ORPHANS[0]}
    assert ORPHANS[0] not in {row["object_key"] for row in rows(bucket.database, PURGES)}


@pytest.mark.parametrize(
    "key", ["tickets/2/a\\b.png", "tickets/2/a\x80.png", "temp/x/../y", "temp/x/./y", "temp/x/.."]
)
def test_a_key_that_no_store_is_asked_for_is_reported_and_ends_no_run(
    bucket: Bucket, watched: Watched, clock: SetClock, key: str
) -> None:
    odd = StoredObject(key=key, size_bytes=7, modified_at=clock() - 2 * DAY)
    watched.order = lambda found: [*found, odd]

    report = bucket.clean_up(store=watched, brake=None)  # type: ignore[arg-type]

    assert (report.changed, report.details["unknown_key"]) == (len(ORPHANS), 1)
    assert bucket.visible() == {LIVE}
