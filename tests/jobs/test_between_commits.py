"""A host that stands still at any moment of a job changes nothing in the bucket afterwards.

The bucket is tried as a disk that freezes: a call takes longer than the lease, and another host
takes the job over meanwhile. No later call may change anything, but for what removes this run's
own new objects, of which nobody else knows.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from savctl.adapters.directory.store import DirectoryStore
from savctl.bootstrap import App
from savctl.config import load
from savctl.persistence.engine import Database
from savctl.persistence.files.purge_queue import PurgeReason, PurgeRequest, Purges
from savctl.persistence.jobs.lease import LeaseLost
from savctl.ports import ObjectStore, SetClock
from savctl.scheduling.job import find_job
from savctl.scheduling.runner import Start, run_job
from savctl.usecases.archive.cold_storage import DEFAULT_PREFIX, ColdStorage
from savctl.usecases.archive.restore import restore_ticket
from savctl.usecases.operation import Operation
from tests.archive.support import LAPSED, LONG_AGO, archive, old_tickets
from tests.given import DAY, created, write
from tests.jobs.sleeping import BootClock

pytestmark = [
    pytest.mark.only_on("sqlite"),
    pytest.mark.slow("runs whole jobs with a bucket"),
]
CHANGING = frozenset({"put", "copy", "hide", "unhide", "purge", "abort_parts"})
LEASE = 60


@dataclass
class Freezing:
    """A store of which call number `at` (0: none) takes longer than the lease."""

    real: ObjectStore
    freeze: Callable[[], None]
    at: int = 0
    calls: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._there = {one.key for one in self.real.versions("")}

    def __getattr__(self, name: str) -> Any:
        real = getattr(self.real, name)
        if not callable(real) or name == "close":
            return real

        def call(*given: Any, **named: Any) -> Any:
            keys = given[0] if given else ()
            keys = {keys} if isinstance(keys, str) else set(keys)
            is_late = 0 < self.at <= len(self.calls)
            if is_late and name in CHANGING and not self._is_own(name, keys):
                self.late.append(f"{name} {sorted(keys)}")
            answer = real(*given, **named)
            self.calls.append(name)
            if len(self.calls) == self.at:
                self.freeze()
            return answer

        return call

    def _is_own(self, name: str, keys: set[str]) -> bool:
        """Whether only this run can have made them."""
        return name == "purge" and not keys & self._there


def key(number: int) -> str:
    return f"tickets/1/{number:032x}.png"


def put(store: ObjectStore, *keys: str) -> None:
    for one in keys:
        store.put(one, BytesIO(b"content"), size_bytes=7, content_type="image/png")


def record(database: Database, named: str) -> None:
    write(
        database,
        "INSERT INTO ticket_attachments (ticket_id, original_name, filename, file_path, "
        f"mime_type, file_size, created_at, updated_at) VALUES (1, 'a.png', 'a.png', '{named}', "
        "'image/png', 7, '2025-01-01 00:00:00', '2025-01-01 00:00:00')",
    )


def hidden_orphans(database: Database, store: ObjectStore, clock: SetClock) -> None:
    """More than are purged at once, and one that a record names again."""
    keys = [key(n) for n in range(25)]
    created(database, clock)
    put(store, *keys)
    store.hide(keys)
    doomed = [
        PurgeRequest(key=one, reason=PurgeReason.ORPHAN, due_at=clock(), hidden_at=clock())
        for one in keys
    ]
    database.transaction(lambda c: Purges(c).want(doomed, at=clock()))
    record(database, keys[7])


def orphans(database: Database, store: ObjectStore, clock: SetClock) -> None:
    """More than are hidden at once, one that is named again, an upload that nobody ended."""
    hidden_orphans(database, store, clock)
    clock.at -= 3 * DAY
    put(store, *(key(n) for n in range(100, 203)))
    store.begin_parts("tickets/1/lost.pdf", content_type="application/pdf")
    clock.at += 3 * DAY


def leftovers(_: Database, store: ObjectStore, clock: SetClock) -> None:
    """Objects under temp/, and uploads that nobody ended."""
    clock.at -= 3 * DAY
    names = [f"temp/8d1f/{n:032x}.pdf" for n in range(3)]
    put(store, *names)
    for name in names:
        store.begin_parts(name, content_type="application/pdf")
    clock.at += 3 * DAY


def old(database: Database, store: ObjectStore, clock: SetClock) -> None:
    """Tickets for three bundles, and a bundle with a copy of a ticket that was restored."""
    cold = ColdStorage(store, DEFAULT_PREFIX)
    first = old_tickets(database, 3, messages=1)
    archive(database, clock, cold)
    restore_ticket(Operation(database, clock, actor=5), cold, first[0])
    old_tickets(database, 6, first=10, messages=1)


def lapsed(database: Database, store: ObjectStore, clock: SetClock) -> None:
    """A bundle of which a part has to go, one that goes whole, and hot tickets."""
    cold = ColdStorage(store, DEFAULT_PREFIX)
    old_tickets(database, 2, messages=1, closed_at=LONG_AGO)
    old_tickets(database, 2, first=10, messages=1, closed_at=LAPSED)
    archive(database, clock, cold)
    old_tickets(database, 2, first=20, messages=1, closed_at=LAPSED)
    archive(database, clock, cold)
    old_tickets(database, 2, first=30, messages=1, closed_at=LAPSED)


Prepare = Callable[[Database, ObjectStore, SetClock], None]


@pytest.mark.parametrize(
    ("job", "prepare"),
    [
        ("attachment-purge", hidden_orphans),
        ("orphan-cleanup", orphans),
        ("temp-cleanup", leftovers),
        ("archive", old),
        ("retention", lapsed),
    ],
)
def test_nothing_in_the_bucket_changes_after_the_deadline(
    job: str,
    prepare: Prepare,
    database: Database,
    clock: SetClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = tmp_path / "whole"
    with DirectoryStoreIn(whole / "bucket", clock) as store:
        prepare(database, store, clock)
    database.close()
    shutil.copy(str(database.url.database), whole / "savctl.db")
    boot = BootClock(monkeypatch)

    calls = ran(job, tmp_path, clock, boot, 0).calls
    late = {
        f"{at} {calls[at - 1]}": frozen.late
        for at in turning_points(calls)
        if (frozen := ran(job, tmp_path, clock, boot, at)).late
    }

    assert late == {}
    assert CHANGING & set(calls), "the job changed something while nothing was frozen"


def turning_points(calls: Sequence[str]) -> list[int]:
    """The first, the second and the last call of each row of calls of one name."""
    return [
        at
        for at, name in enumerate(calls, start=1)
        if calls[max(at - 3, 0) : at - 1] != [name, name] or calls[at : at + 1] != [name]
    ]


def ran(job: str, folder: Path, clock: SetClock, boot: BootClock, at: int) -> Freezing:
    """Run the job on a copy of the whole, frozen at a call."""
    copy = folder / "copy"
    shutil.copytree(folder / "whole", copy)
    settings = load(
        {
            "SAVCTL_DATABASE_URL": f"sqlite:///{copy}/savctl.db",
            "SAVCTL_ARCHIVE_BUNDLE_TICKETS": "2",
            "HOME": str(copy),
        }
    )
    app = App(replace(settings, orphan_brake_percent=100), SetClock(clock.at))

    def freeze() -> None:
        boot.sleep(2 * LEASE)
        write(app.database, "UPDATE savctl_leases SET token = token + 1, owner = 'other:2'")

    with DirectoryStoreIn(copy / "bucket", app.clock) as real:
        frozen = app.__dict__["store"] = Freezing(real, freeze, at)
        with pytest.raises(LeaseLost) if at else nullcontext():
            run_job(find_job(job), app, Start())
        app.close()
    shutil.rmtree(copy)
    return frozen


class DirectoryStoreIn(DirectoryStore):
    """A folder as bucket, closed at the end of a block."""

    def __enter__(self) -> DirectoryStoreIn:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
