"""kill -9 at any moment of upload and purge: no record without its object, nothing left over."""

from __future__ import annotations

import io
import random
import time
from pathlib import Path

import pytest

from savctl.persistence.engine import Database
from savctl.ports import ObjectStore, SetClock, system_clock
from savctl.usecases.bucket.verifying import verify_files
from savctl.usecases.files.attaching import attach_files, delete_attachment
from savctl.usecases.files.staging import Staging
from savctl.usecases.files.uploading import IN_PARTS_OVER, KeyBeingRemoved
from savctl.usecases.operation import Operation
from tests.crash.processes import (
    PATIENCE_SECONDS,
    Aim,
    count,
    finished,
    start,
    time_passes_for_leases,
    wait_until,
)
from tests.depth import KILLS, deep, too_few
from tests.files.making import PDF
from tests.given import AGENT, attached, created, rows
from tests.servers.stores.buckets import Bucket

pytestmark = [
    pytest.mark.slow("kills processes at work, again and again"),
    pytest.mark.only_on("mariadb", "mysql"),
    pytest.mark.only_stores("directory", "seaweedfs"),
]

FILES = 20
STORED, DELETED = 400, 280
UPLOADS = "SELECT COUNT(*) AS n FROM savctl_uploads"
TICKETS = "SELECT COUNT(*) AS n FROM support_tickets"
RECORDS = "SELECT COUNT(*) AS n FROM ticket_attachments"
WANTED = "SELECT COUNT(*) AS n FROM savctl_purges"
KEYS = "SELECT DISTINCT file_path FROM ticket_attachments"
PURGE = ("job", "run", "attachment-purge", "--quiet")


@pytest.fixture
def kills(store_kind: str) -> int:
    """The folder shares all code but its adapter's."""
    return deep(15, usual=KILLS) if store_kind == "directory" else KILLS


@pytest.fixture
def aim(store_kind: str) -> Aim:
    """About how many seconds an upload takes from its announcement to its record."""
    return Aim(0.04 if store_kind == "directory" else 0.2)


@pytest.fixture
def at_work(
    environment: dict[str, str], database_url: str, bucket: Bucket, tmp_path: Path
) -> dict[str, str]:
    """What the processes are given; days are seconds to them."""
    return environment | {
        **bucket.environment,
        "SAVCTL_DATABASE_URL": f"{database_url}?ssl_disabled=true",
        "SAVCTL_ORPHAN_GRACE": "1s",
        "SAVCTL_FILE_RETENTION": "1s",
        "SAVCTL_BATCH_SIZE": "2",
        "TMPDIR": str(tmp_path),
    }


def some_files(folder: Path, number: int) -> list[str]:
    """Files, one of them of a content that comes again with other runs, now and then a large one.

    So many that a command is at work for longer than it takes to see it begin.
    """
    large = b"\0" * IN_PARTS_OVER if number % 5 == 0 else b""
    contents = [PDF + b"%d-%d" % (number, n) for n in range(FILES - 2)]
    contents += [PDF + b"%d" % (number // 10) + b"shared", PDF + large]
    names = [folder / f"{number}-{n}.pdf" for n in range(FILES)]
    for name, content in zip(names, contents, strict=True):
        name.write_bytes(content)
    return [str(name) for name in names]


def named(database: Database) -> set[str]:
    return {row["file_path"] for row in rows(database, KEYS)}


def everything_in(store: ObjectStore) -> set[str]:
    """Every key of which any version or marker is left."""
    return {version.key for version in store.versions("")}


def must_hold(database: Database, store: ObjectStore) -> None:
    report = verify_files(database, store)

    assert not report.is_broken, report.wrong[:3]


def test_an_upload_killed_again_and_again_leaves_no_record_without_its_object(
    database: Database,
    bucket: Bucket,
    at_work: dict[str, str],
    clock: SetClock,
    tmp_path: Path,
    kills: int,
    aim: Aim,
) -> None:
    ticket = created(database, clock)
    hits = whole = 0

    for number in range(kills):
        files = some_files(tmp_path, number)
        announced, recorded = count(database, UPLOADS), count(database, RECORDS)
        process = start(at_work, "attachment", "add", str(ticket.id), *files, "--quiet")
        wait_until(
            lambda: count(database, UPLOADS) > announced or not process.is_alive(),  # noqa: B023
            what="an upload",
            every=0.001,
        )
        aim.pause()
        process.kill()
        process.wait(PATIENCE_SECONDS)
        added = count(database, RECORDS) - recorded
        assert added in {0, FILES}, "all files of a command, or none"
        whole += added == FILES
        aim.learn(too_late=added == FILES)
        hits += added == 0 and count(database, UPLOADS) > announced
    must_hold(database, bucket.store)
    assert hits > kills / 4, f"{hits} kills hit an upload at work: too few to prove anything"

    time.sleep(1.1)
    for job in ("temp-cleanup", "orphan-cleanup"):
        assert finished(at_work, "job", "run", job, "--quiet", *_forced(job)) == 0
    time.sleep(1.1)
    assert finished(at_work, *PURGE) == 0

    must_hold(database, bucket.store)
    assert count(database, RECORDS) == FILES * whole
    assert everything_in(bucket.store) == named(database)
    assert list(bucket.store.partial_uploads("")) == []
    assert (count(database, UPLOADS), count(database, WANTED)) == (0, 0)


@pytest.mark.only_stores("directory")
def test_a_new_ticket_killed_at_any_moment_has_all_its_files_or_is_not_there(
    database: Database,
    bucket: Bucket,
    at_work: dict[str, str],
    tmp_path: Path,
    kills: int,
    aim: Aim,
) -> None:
    words = ("ticket", "create", "--user", "456", "--subject", "S", "--description", "D")
    hits = 0

    for number in range(kills):
        attach = [word for file in some_files(tmp_path, number) for word in ("--attach", file)]
        announced, tickets = count(database, UPLOADS), count(database, TICKETS)
        process = start(at_work, *words, *attach, "--quiet")
        wait_until(
            lambda: count(database, UPLOADS) > announced or not process.is_alive(),  # noqa: B023
            what="an upload",
            every=0.001,
        )
        aim.pause()
        process.kill()
        process.wait(PATIENCE_SECONDS)
        is_made = count(database, TICKETS) > tickets
        aim.learn(too_late=is_made)
        hits += not is_made and count(database, UPLOADS) > announced

    assert count(database, RECORDS) == FILES * count(database, TICKETS)
    must_hold(database, bucket.store)
    assert hits > kills / 4, f"{hits} kills hit an upload at work: too few to prove anything"


def _forced(job: str) -> tuple[str, ...]:
    return ("--force",) if job == "orphan-cleanup" else ()


def test_a_purge_killed_again_and_again_loses_no_object_that_a_record_names(
    database: Database, bucket: Bucket, at_work: dict[str, str], clock: SetClock, kills: int
) -> None:
    ticket = created(database, clock)
    contents = [(f"{n}.pdf", PDF + b"%d" % (n % 300)) for n in range(STORED)]  # 100 twice
    made = attached(database, bucket.store, ticket.id, *contents)
    for one in made[:DELETED]:
        delete_attachment(Operation(database, system_clock, actor=AGENT), one.id)
    time.sleep(1.1)
    hits, again, aim = 0, 0, Aim(0.03)

    with Staging(None) as staging:
        for number in range(kills):
            before = count(database, RECORDS), count(database, WANTED)
            process = start(at_work, *PURGE)
            wait_until(
                lambda: (
                    (count(database, RECORDS), count(database, WANTED)) != before  # noqa: B023
                    or not process.is_alive()  # noqa: B023
                ),
                what="a batch",
                every=0.001,
            )
            aim.pause()
            was_at_work = process.is_alive()
            process.kill()
            process.wait(PATIENCE_SECONDS)
            hits += was_at_work
            removed = before[0] - count(database, RECORDS)
            aim.learn(too_late=not was_at_work or removed > DELETED / kills)
            time_passes_for_leases(database)
            again += _attached_again(database, bucket.store, ticket.id, staging, number)
    must_hold(database, bucket.store)
    assert hits > too_few(kills), f"{hits} kills hit a purge at work: too few to prove anything"

    at_work["SAVCTL_BATCH_SIZE"] = "1000"
    assert finished(at_work, *PURGE) == 0

    must_hold(database, bucket.store)
    assert count(database, RECORDS) == STORED - DELETED + again
    assert everything_in(bucket.store) == named(database)
    assert count(database, WANTED) == 0


def _attached_again(
    database: Database, store: ObjectStore, ticket_id: int, staging: Staging, number: int
) -> int:
    """A file that was deleted comes again, while a dead run may have begun to remove it."""
    content = PDF + b"%d" % random.randrange(DELETED)
    file = staging.add(f"again-{number}.pdf", io.BytesIO(content))
    try:
        attach_files(Operation(database, system_clock, actor=AGENT), store, ticket_id, [file])
    except KeyBeingRemoved:
        return 0
    return 1
