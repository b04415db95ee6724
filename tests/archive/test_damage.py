"""Bundles that are lost, cut, swollen or looked for in the wrong place: nothing else is lost."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from zstandard import ZstdCompressor

from savctl.adapters.directory.store import DirectoryStore
from savctl.errors import NeedsConfirmation
from savctl.persistence.archive.index import Archived, ArchiveFilter, listing
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.archive import steps
from savctl.usecases.archive.archived_tickets import ArchivedTickets
from savctl.usecases.archive.archiving import archive_tickets
from savctl.usecases.archive.cold_storage import ColdStorage, Damaged
from savctl.usecases.archive.moving import move
from savctl.usecases.archive.restore import read_archived, restore_ticket
from savctl.usecases.archive.verify import verify_archive
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.operation import Operation
from tests.archive.support import (
    LAPSED,
    YEAR,
    archive,
    archived_ids,
    bundle_states,
    hot_ids,
    old_tickets,
)
from tests.archive.test_retention import retain

MB = 1024 * 1024


def problems(database: Database, cold: ColdStorage) -> list[str | None]:
    return [one.problem for one in verify_archive(database, cold)]


def overwrite(cold: ColdStorage, content: bytes) -> None:
    """Put something else in the place of the only bundle."""
    (bundle,) = cold.objects()
    cold.store.put(
        bundle.key, io.BytesIO(content), size_bytes=len(content), content_type="application/zstd"
    )


def content_of(cold: ColdStorage) -> bytes:
    (bundle,) = cold.objects()
    with cold.store.read(bundle.key) as pieces:
        return b"".join(pieces)


def swollen() -> bytes:
    """Half a gigabyte in 16 KB."""
    compressor = ZstdCompressor().compressobj()
    packed = [compressor.compress(bytes(16 * MB)) for _ in range(32)]
    return b"".join([*packed, compressor.flush()])


def killed_midway(
    database: Database, clock: SetClock, cold: ColdStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that dies between the two batches of its only bundle."""
    calls: list[int] = []

    def dies(*given: object, **named: object) -> object:
        calls.append(1)
        if len(calls) > 1:
            raise KeyboardInterrupt
        return move(*given, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(steps, "move", dies)
        with pytest.raises(KeyboardInterrupt):
            archive(database, clock, cold, size=4)


def test_a_bundle_that_is_not_found_after_a_kill_keeps_the_tickets_that_are_only_in_it(
    database: Database, clock: SetClock, cold: ColdStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = set(old_tickets(database, 10))
    killed_midway(database, clock, cold, monkeypatch)
    assert (len(archived_ids(database)), bundle_states(database)) == (4, ["verified"])
    (bundle,) = cold.objects()
    cold.store.hide([bundle.key])

    lost = archive(database, clock, cold)
    damaged = [one for one in problems(database, cold) if one is not None]
    cold.store.unhide(bundle.key)
    found = archive(database, clock, cold)

    assert [(item.id, str(item.outcome)) for item in lost.items] == [(bundle.key, "failed")]
    assert len(damaged) == 1, "verify looks at it, too"
    assert (found.failed, hot_ids(database), archived_ids(database)) == (0, set(), ids)
    assert problems(database, cold) == [None, None]
    for ticket_id in ids:
        assert read_archived(database, cold, ticket_id).whole.ticket["id"] == ticket_id


def test_a_place_without_the_bundle_of_a_killed_run_waits_for_a_persons_word(
    database: Database,
    clock: SetClock,
    cold: ColdStorage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old_tickets(database, 10)
    killed_midway(database, clock, cold, monkeypatch)
    terms = BatchContext(report=BatchReport())

    with closing(DirectoryStore(tmp_path / "not mounted", clock)) as store:
        elsewhere = ColdStorage(store, cold.prefix)
        with pytest.raises(NeedsConfirmation, match="none of the newest bundles"):
            archive_tickets(database, clock, elsewhere, after=YEAR, terms=terms, brake=10)

    assert len(archived_ids(database)) == 4


SPOILT: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda content: content[: len(content) // 2],
    "cut to nothing": lambda content: b"",
    "no zstandard": lambda content: b"damaged",
    "other lines": lambda content: ZstdCompressor().compress(b"damaged\n"),
    "no end of line": lambda content: ZstdCompressor().compress(b'{"ticket_id": 1, '),
    "another ticket": lambda content: ZstdCompressor().compress(b'{"ticket_id": 1, "x": 2}\n'),
    "more behind it": lambda content: content + content,
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=list(SPOILT))
def test_a_spoilt_bundle_is_reported_by_every_reader_and_loses_nothing(
    database: Database, clock: SetClock, cold: ColdStorage, spoil: Callable[[bytes], bytes]
) -> None:
    over, kept = (old_tickets(database, 1, closed_at=LAPSED), old_tickets(database, 1, first=2))
    archive(database, clock, cold)
    overwrite(cold, spoil(content_of(cold)))

    removed = retain(database, clock, cold)

    assert (removed.changed, removed.failed) == (0, 1)
    assert archived_ids(database) == {*over, *kept}
    assert problems(database, cold) != [None]
    if spoil is not SPOILT["more behind it"]:  # each ticket is told by the digest of its line
        with pytest.raises(Damaged):
            read_archived(database, cold, kept[0])
        with pytest.raises(Damaged):
            list(ArchivedTickets(database, cold).whole(known(database)))


def test_a_damaged_bundle_that_is_to_be_written_anew_is_reported_once_and_stays(
    database: Database, clock: SetClock, cold: ColdStorage
) -> None:
    restored, kept = old_tickets(database, 2)
    archive(database, clock, cold)
    restore_ticket(Operation(database, clock, actor=5), cold, restored)
    (bundle,) = cold.objects()
    overwrite(cold, b"damaged")

    first, second = archive(database, clock, cold), archive(database, clock, cold)

    for report in (first, second):
        assert [item.id for item in report.items if item.outcome == "failed"] == [bundle.key]
    assert archived_ids(database) == {kept}
    assert [one.key for one in cold.objects()] == [bundle.key]


def test_a_bundle_that_swells_beyond_what_was_written_takes_no_memory(
    database: Database, clock: SetClock, cold: ColdStorage
) -> None:
    (ticket,) = old_tickets(database, 1)
    archive(database, clock, cold)
    bomb = swollen()
    overwrite(cold, bomb)

    tracemalloc.start()
    with pytest.raises(Damaged, match="larger than what was written"):
        read_archived(database, cold, ticket)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(bomb) < MB
    assert peak < 200 * MB


def known(database: Database) -> list[Archived]:
    return list(listing(database, ArchiveFilter()))
