"""Files of archived, merged and ended tickets, from the first upload to the last version."""

from __future__ import annotations

import io
import time
from collections import Counter

import pytest

from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.ports import ObjectStore, SetClock, system_clock
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.transitions import close_ticket
from tests.archive.support import (
    LAPSED,
    LONG_AGO,
    answer_of,
    archived_ids,
    hot_ids,
    key_of,
    old_tickets,
    put_files,
)
from tests.conftest import Cli
from tests.files.making import JPEG, PDF
from tests.given import BOSS, DAY, attached, brought_to, created, rows, write
from tests.servers.stores.buckets import Bucket
from tests.tickets.talk import merge

pytestmark = [
    pytest.mark.only_stores("directory", "seaweedfs"),
    pytest.mark.each_database("rows come back as the columns hold them"),
]


GRACE_OVER = 1.1  # seconds


@pytest.fixture
def shop(cli: Cli, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The command line on the bucket, where a second makes an object old."""
    for name, value in {**bucket.environment, "SAVCTL_ORPHAN_GRACE": "1s"}.items():
        monkeypatch.setenv(name, value)
    return cli


def put(store: ObjectStore, *keys: str) -> None:
    for key in keys:
        store.put(key, io.BytesIO(b"jpg"), size_bytes=3, content_type="image/jpeg")


def versions(store: ObjectStore) -> Counter[str]:
    """How many versions and markers there are of each file."""
    return Counter(one.key for one in store.versions("tickets/"))


def cleaned_up(cli: Cli) -> int:
    """How many objects orphan-cleanup hides."""
    return int(answer_of(cli, "job", "run", "orphan-cleanup")["details"]["hidden"])


def name_it_too(database: Database, ticket_id: int, key: str) -> None:
    """A record of another ticket names the same object."""
    write(
        database,
        "INSERT INTO ticket_attachments (ticket_id, original_name, filename, file_path, "
        f"mime_type, file_size, created_at, updated_at) VALUES ({ticket_id}, 'a.jpg', 'a.jpg', "
        f"'{key}', 'image/jpeg', 3, '2024-08-30 10:30:00', '2024-08-30 10:30:00')",
    )


@pytest.mark.slow("archives twice and ends every version")
def test_files_end_with_their_tickets_in_every_version_and_no_other_is_touched(
    shop: Cli, database: Database, bucket: Bucket
) -> None:
    store = bucket.store
    over = old_tickets(database, 4, first=1, closed_at=LAPSED, attachments_each=1)
    old_tickets(database, 4, first=5, closed_at=LONG_AGO, attachments_each=1)
    put_files(database, store)
    answer_of(shop, "archive", "run")
    over += old_tickets(database, 4, first=9, closed_at=LAPSED, attachments_each=1)
    young = system_clock().replace(microsecond=0) - 100 * DAY
    kept = old_tickets(database, 4, first=13, closed_at=young, attachments_each=1)
    put_files(database, store)
    doomed = {key_of(one, n) for one in over for n in range(2)}
    put(store, *doomed)  # a second version of each
    store.hide([key_of(over[1], 1)])  # and a marker on one
    shared = {key_of(over[0], 0), key_of(over[-1], 0)}  # of an archived ticket, and of a hot one
    for key in shared:
        name_it_too(database, kept[0], key)
    before = versions(store)

    retained = answer_of(shop, "job", "run", "retention")
    purged = answer_of(shop, "job", "run", "attachment-purge")["details"]

    assert retained["changed"] == len(over)
    assert (purged["objects"], purged["kept"]) == (len(doomed - shared), len(shared))
    assert {store.remains(key) for key in doomed - shared} == {0}
    assert versions(store) == Counter(
        {k: n for k, n in before.items() if k not in doomed - shared}
    )
    assert rows(database, "SELECT * FROM savctl_purges") == []
    time.sleep(GRACE_OVER)
    assert cleaned_up(shop) == 0


def test_a_file_that_a_merge_moved_lives_as_long_as_its_target(
    shop: Cli, database: Database, bucket: Bucket
) -> None:
    store, then = bucket.store, SetClock(LAPSED)
    target, source = created(database, then), created(database, then)
    (own,) = attached(database, store, target.id, ("own.pdf", PDF), clock=then)
    (moved,) = attached(database, store, source.id, ("moved.jpg", JPEG), clock=then)
    merge(database, then, source, into=target)
    close_ticket(
        Operation(database, SetClock(LONG_AGO), actor=BOSS), target.id, reason="solved by phone"
    )
    other = brought_to(database, SetClock(LAPSED), Status.CLOSED)
    orphan = key_of(other.id, 7)
    put(store, orphan)

    assert answer_of(shop, "archive", "run")["changed"] == 3
    time.sleep(GRACE_OVER)
    assert cleaned_up(shop) == 1, "the orphan alone"
    assert answer_of(shop, "job", "run", "retention")["changed"] == 2
    answer_of(shop, "job", "run", "attachment-purge")

    assert archived_ids(database) == {target.id}
    assert moved.file_path.startswith(f"tickets/{source.id}/")
    assert cleaned_up(shop) == 0
    shown = {one.key for one in store.listing("tickets/")}
    assert shown == {own.file_path, moved.file_path}
    answer_of(shop, "archive", "restore", target.id, "--confirm", target.ticket_number)
    assert hot_ids(database) == {target.id}
    assert answer_of(shop, "attachment", "verify")["checked"] == 2
    assert cleaned_up(shop) == 0
