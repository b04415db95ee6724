"""What the folder promises beyond the port: links, leftovers, several processes, no escape."""

from __future__ import annotations

import io
import random
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from savctl.adapters.directory.index import Index
from savctl.adapters.directory.store import ABANDONED, DirectoryStore
from savctl.errors import ConfigurationError, ExitCode
from savctl.ports import (
    ContentChanged,
    Delivery,
    NoSuchObject,
    SetClock,
    StoreRefused,
    StoreUnavailable,
)
from tests.depth import KILLS
from tests.files.making import behind

KEY = "tickets/7/0123456789abcdef0123456789abcdef.pdf"
DELIVERY = Delivery(filename="Beleg é; x=1.pdf", content_type="application/pdf")
MANY = """\
import io, sys
from pathlib import Path
from savctl.adapters.directory.store import DirectoryStore
store = DirectoryStore(Path(sys.argv[1]))
for number in range(20):
    key = f"tickets/{number}/same.pdf"
    store.put(key, io.BytesIO(b"same"), size_bytes=4, content_type="text/plain")
    store.purge([key])
    store.put(f"tickets/{number}/{sys.argv[2]}.pdf", io.BytesIO(b"same"), size_bytes=4,
              content_type="text/plain")
"""
KILLED = """\
import io, os, sys
from pathlib import Path
from savctl.adapters.directory.store import DirectoryStore

class Dies(io.BytesIO):
    def read(self, size=-1):
        if self.tell() > 500_000:
            os.kill(os.getpid(), 9)
        return super().read(size)

content = Dies(bytes(1_000_000))
DirectoryStore(Path(sys.argv[1])).put(
    "tickets/7/a.pdf", content, size_bytes=1_000_000, content_type="text/plain")
"""

BUSY = """\
import io, itertools, random, sys
from pathlib import Path
from savctl.adapters.directory.store import DirectoryStore
store = DirectoryStore(Path(sys.argv[1]))
chance = random.Random(int(sys.argv[2]))
print("begun", flush=True)
for number in itertools.count():
    key = f"tickets/{chance.randrange(9)}/{chance.randrange(9)}.pdf"
    content = key.encode() * chance.randrange(1, 20_000)
    store.put(key, io.BytesIO(content), size_bytes=len(content), content_type="text/plain")
    store.copy(key, f"{key}.copy")
    if number % 2:
        store.purge([key, f"tickets/{chance.randrange(9)}/{chance.randrange(9)}.pdf.copy"])
    upload = store.begin_parts(f"temp/{number}", content_type="text/plain")
    tag = store.put_part(f"temp/{number}", upload, 1, content)
    if number % 3:
        store.end_parts(f"temp/{number}", upload, [tag])
        store.purge([f"temp/{number}"])
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "files"


@pytest.fixture
def clock() -> SetClock:
    return SetClock(datetime.now(UTC))


@pytest.fixture
def store(folder: Path, clock: SetClock) -> Iterator[DirectoryStore]:
    found = DirectoryStore(folder, clock)
    yield found
    found.close()


def put(store: DirectoryStore, key: str = KEY, content: bytes = b"content") -> None:
    store.put(key, io.BytesIO(content), size_bytes=len(content), content_type="application/pdf")


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("content/*/*") if path.is_file()]


def test_nothing_is_made_before_it_is_used(folder: Path) -> None:
    DirectoryStore(folder).close()

    assert not folder.exists()


def test_only_the_owner_can_read_what_is_stored(store: DirectoryStore, folder: Path) -> None:
    put(store)

    modes = {stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.rglob("*"))}

    assert modes <= {0o700, 0o600}


def test_a_link_gives_its_key_and_how_to_deliver_it_until_it_ends(
    store: DirectoryStore, clock: SetClock
) -> None:
    put(store)
    url = store.url(KEY, seconds=900, delivery=DELIVERY)

    link = store.open_link(url)
    clock.advance(timedelta(seconds=899))
    store.open_link(url)
    clock.advance(timedelta(seconds=1))

    assert url.startswith("file:///")
    assert (link.key, link.delivery) == (KEY, DELIVERY)
    with pytest.raises(StoreRefused, match="ended") as refused:
        store.open_link(url)
    assert refused.value.exit_code == ExitCode.NOT_PERMITTED


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("tickets%2F7", "tickets%2F8"),
        ("/content/", "/contents/"),
        ("expires=", "expires=9"),
        ("attachment", "inline"),
        ("signature=", "signature=0"),
        ("application", "text"),
        ("&signature=", "&filename=evil.html&signature="),
        ("signature", "unsigned"),
        ("file://", "https://"),
    ],
)
def test_a_link_that_was_changed_is_refused(store: DirectoryStore, old: str, new: str) -> None:
    put(store)
    url = store.url(KEY, seconds=900, delivery=DELIVERY)

    with pytest.raises(StoreRefused, match="not genuine"):
        store.open_link(url.replace(old, new, 1))


def test_a_link_of_another_folder_is_refused(store: DirectoryStore, tmp_path: Path) -> None:
    other = DirectoryStore(tmp_path / "other")
    put(other)

    with pytest.raises(StoreRefused, match="not genuine"):
        store.open_link(other.url(KEY, seconds=900, delivery=DELIVERY))

    other.close()


def test_a_link_opens_the_content(store: DirectoryStore) -> None:
    put(store, content=b"%PDF of Ada")

    assert behind(store.url(KEY, seconds=900, delivery=DELIVERY)) == b"%PDF of Ada"


def test_no_link_is_made_to_what_is_not_there(store: DirectoryStore) -> None:
    with pytest.raises(NoSuchObject):
        store.url(KEY, seconds=900, delivery=DELIVERY)


def test_links_outlive_the_process(store: DirectoryStore, folder: Path) -> None:
    put(store)
    url = store.url(KEY, seconds=900, delivery=DELIVERY)
    again = DirectoryStore(folder)

    assert again.open_link(url).key == KEY

    again.close()


def test_purged_and_replaced_content_leaves_the_disk(store: DirectoryStore, folder: Path) -> None:
    put(store)
    store.copy(KEY, "tickets/8/copy.pdf")
    upload = store.begin_parts(KEY, content_type="application/pdf")
    store.put_part(KEY, upload, 1, b"old")
    tag = store.put_part(KEY, upload, 1, b"new")
    store.end_parts(KEY, upload, [tag])

    assert len(files_in(folder)) == 2
    store.purge([KEY])
    assert len(files_in(folder)) == 1
    store.purge(["tickets/8/copy.pdf"])
    assert files_in(folder) == []


def test_a_refused_upload_leaves_nothing_on_the_disk(store: DirectoryStore, folder: Path) -> None:
    with pytest.raises(ContentChanged):
        store.put(KEY, io.BytesIO(b"content"), size_bytes=5, content_type="text/plain")

    assert files_in(folder) == []
    assert store.sweep() == 0


def test_a_writer_that_is_killed_leaves_no_object_and_its_file_is_swept_a_day_later(
    store: DirectoryStore, folder: Path, clock: SetClock
) -> None:
    died = subprocess.run([sys.executable, "-c", KILLED, str(folder)], check=False)

    assert died.returncode == -9
    assert store.find("tickets/7/a.pdf") is None
    assert len(files_in(folder)) == 1
    assert store.sweep() == 0
    clock.advance(ABANDONED + timedelta(minutes=1))
    assert store.sweep() == 1
    assert files_in(folder) == []


def test_several_processes_may_begin_and_purge_the_same_content_at_once(
    store: DirectoryStore, folder: Path
) -> None:
    commands = [[sys.executable, "-c", MANY, str(folder), str(number)] for number in range(4)]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE) for command in commands]
    for process in running:
        _, error_text = process.communicate(timeout=60)
        assert (process.returncode, error_text) == (0, b"")

    listed = list(store.listing("tickets/"))

    assert len(listed) == 80
    for found in listed:
        with store.read(found.key) as pieces:
            assert b"".join(pieces) == b"same"
    assert len(files_in(folder)) == 80


@pytest.mark.slow("kills processes at work, again and again")
def test_killed_at_any_moment_every_object_is_whole_and_no_file_is_lost_track_of(
    store: DirectoryStore, folder: Path, clock: SetClock
) -> None:
    chance = random.Random(20251003)
    for number in range(KILLS):
        command = [sys.executable, "-c", BUSY, str(folder), str(number)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(chance.uniform(0.005, 0.25))
            process.kill()

    names = [found.key for found in store.listing("")]
    for name in names:
        with store.read(name) as pieces:
            content = b"".join(pieces)
        original = name.removesuffix(".copy").encode()
        assert name.startswith("temp/") or not content.replace(original, b"")
    assert names, "nothing was written before the kills"
    for upload in list(store.partial_uploads("")):
        store.abort_parts(upload.key, upload.upload_id)
    clock.advance(ABANDONED + timedelta(minutes=1))
    store.sweep()
    store.purge([version.key for version in store.versions("")])
    assert files_in(folder) == []


def test_a_purge_does_not_cut_off_a_reader(store: DirectoryStore) -> None:
    put(store, content=b"x" * 1_000_000)

    with store.read(KEY) as pieces:
        got = next(pieces)
        store.purge([KEY])
        got += b"".join(pieces)

    assert len(got) == 1_000_000


def test_listing_goes_by_the_bytes_of_the_keys(store: DirectoryStore) -> None:
    expected = sorted(
        ("a b", "a+", "a/b", "a/c/d", "a0", "a", "A", "é", "z", "日本"), key=str.encode
    )
    for key in expected:
        put(store, key)

    assert [found.key for found in store.listing("")] == expected


@pytest.mark.parametrize("name", ["file", "file/files"])
def test_a_file_in_the_place_of_the_folder_is_reported(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("in the way")
    store = DirectoryStore(tmp_path / name)

    for look in (store.condition, lambda: store.find(KEY)):
        with pytest.raises(ConfigurationError, match="a file has its name"):
            look()


def test_a_folder_that_is_broken_inside_is_not_taken_for_a_wrong_setting(
    store: DirectoryStore, folder: Path
) -> None:
    put(store)
    (folder / "content").rename(folder / "aside")
    (folder / "content").write_text("in the way")

    with pytest.raises(StoreUnavailable, match="does not work"):
        put(store, "another")


def test_a_folder_whose_disk_is_away_is_not_made_anew(folder: Path, clock: SetClock) -> None:
    store = DirectoryStore(folder, clock, is_expected=lambda: True)
    folder.mkdir(parents=True)  # the mount point is still there

    for use in (lambda: put(store), lambda: store.purge([KEY]), store.condition):
        with pytest.raises(StoreUnavailable, match=r"has no index\.db") as failed:
            use()

    assert failed.value.exit_code == ExitCode.UNAVAILABLE
    assert list(folder.iterdir()) == []


def test_a_folder_that_is_expected_can_be_begun_anew_by_hand(
    folder: Path, clock: SetClock
) -> None:
    folder.mkdir(parents=True)
    (folder / "index.db").touch()

    with closing(DirectoryStore(folder, clock, is_expected=lambda: True)) as store:
        put(store)

        assert store.find(KEY) is not None


def test_a_full_disk_is_named_as_such_and_the_store_goes_on_when_there_is_room(
    folder: Path,
) -> None:
    folder.mkdir(parents=True)
    with closing(Index(folder / "index.db")) as index:
        [used] = index.rows("PRAGMA page_count")
        index.rows(f"PRAGMA max_page_count = {used[0] + 1}")

        def fill() -> None:
            with index.change():
                for number in range(1_000):
                    index.loosen(f"{number:0100}", due_at=0)

        with pytest.raises(sqlite3.OperationalError, match="full"):
            fill()

        index.rows("PRAGMA max_page_count = 1000000")
        with index.change():
            index.loosen("file", due_at=0)
        assert index.due(1) == ["file"]


def test_an_index_that_is_none_is_reported(store: DirectoryStore, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "index.db").write_bytes(b"not a database at all" * 100)

    with pytest.raises(StoreUnavailable, match="not a database"):
        store.find(KEY)


def test_content_that_the_disk_lost_is_no_object_until_it_is_stored_again(
    store: DirectoryStore, folder: Path
) -> None:
    put(store)
    [lost] = files_in(folder)
    lost.unlink()

    assert store.find(KEY) is None
    with pytest.raises(NoSuchObject), store.read(KEY):
        pass
    put(store)
    assert store.find(KEY) is not None
    with store.read(KEY) as pieces:
        assert b"".join(pieces) == b"content"
    assert store.purge([KEY]) == []
    assert store.remains(KEY) == 0
