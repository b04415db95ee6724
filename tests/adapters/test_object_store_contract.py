"""What every ObjectStore promises: the same cases on the folder and on real S3 servers."""

from __future__ import annotations

import hashlib
import io
from datetime import UTC, datetime, timedelta

import pytest

from savctl.errors import ExitCode
from savctl.ports import (
    ContentChanged,
    NoSuchObject,
    ObjectStore,
    UnusableKey,
)
from tests.depth import deep

KEY = "tickets/7/0123456789abcdef0123456789abcdef.pdf"
MIB = 1024**2
PART_BYTES = 5 * MIB
UNUSABLE = {
    "nothing": "",
    "an escape": "tickets/../../etc/passwd",
    "a dot": "tickets/./7/a.pdf",
    "an absolute path": "/tickets/7/a.pdf",
    "an empty segment": "tickets//a.pdf",
    "a zero byte": "tickets/7/a\0.pdf",
    "a line break": "tickets/7/a\n.pdf",
    "a backslash": "tickets/7/a\\..\\b.pdf",
    "no valid text": "tickets/7/\udcff.pdf",
    "1,025 bytes": "tickets/" + "é" * 508 + "a",
}
ODD = (
    "tickets/7/a b+c%20d&e=f?g#h.pdf",
    "tickets/7/é.pdf",
    "tickets/7/e\u0301.pdf",
    "tickets/7/日本語 📎.pdf",
    "tickets/7/'\"<>;|`$(){}[]~^.pdf",
    "tickets/" + "x" * 200 + "/" + "y" * 200,
)


def put(store: ObjectStore, key: str, content: bytes = b"content") -> None:
    store.put(key, io.BytesIO(content), size_bytes=len(content), content_type="application/pdf")


def content_of(store: ObjectStore, key: str) -> bytes:
    with store.read(key) as pieces:
        return b"".join(pieces)


def keys(store: ObjectStore, prefix: str) -> list[str]:
    return [found.key for found in store.listing(prefix)]


def test_what_is_put_can_be_read_and_found(store: ObjectStore) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)
    put(store, KEY, b"first")

    found = store.find(KEY)

    assert content_of(store, KEY) == b"first"
    assert found is not None
    assert (found.key, found.size_bytes) == (KEY, 5)
    assert before <= found.modified_at <= datetime.now(UTC) + timedelta(seconds=2)


def test_a_large_file_comes_in_bounded_pieces(store: ObjectStore) -> None:
    content = bytes(range(256)) * (20 * MIB // 256)
    put(store, KEY, content)

    digest, largest = hashlib.sha256(), 0
    with store.read(KEY) as pieces:
        for piece in pieces:
            digest.update(piece)
            largest = max(largest, len(piece))

    assert digest.digest() == hashlib.sha256(content).digest()
    assert largest <= MIB


def test_an_empty_file_is_a_file(store: ObjectStore) -> None:
    put(store, KEY, b"")

    found = store.find(KEY)

    assert found is not None
    assert found.size_bytes == 0
    assert content_of(store, KEY) == b""


def test_content_is_stored_from_where_it_stands(store: ObjectStore) -> None:
    content = io.BytesIO(b"skipped, taken")
    content.seek(9)

    store.put(KEY, content, size_bytes=5, content_type="text/plain")

    assert content_of(store, KEY) == b"taken"


@pytest.mark.parametrize(
    ("size_bytes", "promised"),
    [(7, 6), (7, 8), (7, 0), (7, 100_000), (2_000_000, 1_999_999), (2_000_000, 2_000_001)],
)
def test_content_of_another_size_than_promised_is_not_stored(
    store: ObjectStore, size_bytes: int, promised: int
) -> None:
    content = io.BytesIO(b"x" * size_bytes)

    with pytest.raises(ContentChanged) as refused:
        store.put(KEY, content, size_bytes=promised, content_type="text/plain")

    assert refused.value.exit_code == ExitCode.REFUSED
    assert store.find(KEY) is None
    assert store.remains(KEY) == 0


def test_what_is_not_there_is_not_found(store: ObjectStore) -> None:
    assert store.find(KEY) is None
    with pytest.raises(NoSuchObject), store.read(KEY):
        pass
    with pytest.raises(NoSuchObject):
        store.copy(KEY, "tickets/7/copy.pdf")
    assert store.unhide(KEY) is False
    assert store.purge([KEY]) == []
    assert store.remains(KEY) == 0


@pytest.mark.parametrize("key", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_a_key_that_a_path_could_change_is_refused_before_it_is_sent(
    store: ObjectStore, key: str
) -> None:
    with pytest.raises(UnusableKey):
        put(store, key)
    with pytest.raises(UnusableKey):
        store.find(key)
    hidden, purged = store.hide([key]), store.purge([key])

    assert [failure.key for failure in hidden + purged] == [key, key]
    assert keys(store, "") == []


@pytest.mark.parametrize("key", ODD, ids=range(len(ODD)))
def test_an_odd_key_is_itself_and_no_other(store: ObjectStore, key: str) -> None:
    put(store, key, key.encode())

    assert keys(store, "tickets/") == [key]
    assert content_of(store, key) == key.encode()
    assert [version.key for version in store.versions(key)] == [key]
    assert store.hide([key]) == []
    assert store.find(key) is None
    assert store.purge([key]) == []
    assert store.remains(key) == 0


def test_keys_that_a_collation_takes_for_one_are_two(store: ObjectStore) -> None:
    alike = ["tickets/7/A.pdf", "tickets/7/a.pdf", "tickets/7/é.pdf", "tickets/7/e.pdf"]
    for key in alike:
        put(store, key, key.encode())

    store.purge(["tickets/7/a.pdf", "tickets/7/e.pdf"])

    assert sorted(keys(store, "tickets/7/")) == sorted(["tickets/7/A.pdf", "tickets/7/é.pdf"])
    assert content_of(store, "tickets/7/A.pdf") == b"tickets/7/A.pdf"


def test_a_prefix_takes_in_only_what_is_below_it(store: ObjectStore) -> None:
    for key in ("tickets/1/a.pdf", "tickets/10/a.pdf", "tickets/1/b/c.pdf", "temp/x/1"):
        put(store, key)

    assert sorted(keys(store, "tickets/1/")) == ["tickets/1/a.pdf", "tickets/1/b/c.pdf"]
    assert len(keys(store, "")) == 4
    with pytest.raises(ValueError, match="slash"):
        keys(store, "tickets/1")


def test_the_newest_version_is_what_is_seen_and_the_older_one_is_kept(store: ObjectStore) -> None:
    put(store, KEY, b"old")
    put(store, KEY, b"newer")

    versions = list(store.versions(KEY))

    assert content_of(store, KEY) == b"newer"
    assert keys(store, "tickets/7/") == [KEY]
    assert {(version.size_bytes, version.is_latest) for version in versions} == {
        (5, True),
        (3, False),
    }
    assert not any(version.is_marker for version in versions)
    assert len({version.version_id for version in versions}) == 2
    assert store.remains(KEY) == 2


def test_what_is_hidden_is_gone_for_readers_and_can_be_brought_back(store: ObjectStore) -> None:
    put(store, KEY, b"precious")

    assert store.hide([KEY]) == []

    assert store.find(KEY) is None
    assert keys(store, "tickets/") == []
    with pytest.raises(NoSuchObject), store.read(KEY):
        pass
    with pytest.raises(NoSuchObject):
        store.copy(KEY, "tickets/7/copy.pdf")
    assert {(version.is_marker, version.is_latest) for version in store.versions(KEY)} == {
        (True, True),
        (False, False),
    }
    assert store.unhide(KEY) is True
    assert content_of(store, KEY) == b"precious"
    assert store.remains(KEY) == 1


def test_hiding_twice_is_undone_at_once(store: ObjectStore) -> None:
    put(store, KEY, b"precious")
    store.hide([KEY])
    store.hide([KEY])

    assert store.unhide(KEY) is True
    assert store.unhide(KEY) is True

    assert content_of(store, KEY) == b"precious"


def test_unhiding_shows_the_newest_version_and_keeps_those_below(store: ObjectStore) -> None:
    put(store, KEY, b"one")
    store.hide([KEY])
    put(store, KEY, b"two")
    store.hide([KEY])

    store.unhide(KEY)

    assert content_of(store, KEY) == b"two"
    assert store.remains(KEY) == 3


def test_a_key_of_which_only_markers_are_left_cannot_be_shown(store: ObjectStore) -> None:
    store.hide([KEY])

    assert store.unhide(KEY) is False
    assert store.find(KEY) is None
    assert store.purge([KEY]) == []
    assert store.remains(KEY) == 0


def test_purging_leaves_no_version_and_no_marker_and_can_be_repeated(store: ObjectStore) -> None:
    beside = f"{KEY}.bak"
    put(store, beside, b"stays")
    for content in (b"one", b"two", b"three"):
        put(store, KEY, content)
        store.hide([KEY])

    assert store.remains(KEY) == 6
    assert store.purge([KEY]) == []
    assert store.purge([KEY]) == []

    assert store.remains(KEY) == 0
    assert list(store.versions(KEY)) == list(store.versions(beside))
    assert content_of(store, beside) == b"stays"


def test_a_key_can_be_used_again_after_its_purge(store: ObjectStore) -> None:
    put(store, KEY, b"before")
    store.purge([KEY])
    put(store, KEY, b"after")

    assert content_of(store, KEY) == b"after"
    assert store.remains(KEY) == 1


def test_a_copy_has_a_life_of_its_own(store: ObjectStore) -> None:
    put(store, "temp/session/1", b"shared")

    store.copy("temp/session/1", KEY)
    store.purge(["temp/session/1"])

    assert content_of(store, KEY) == b"shared"
    assert keys(store, "") == [KEY]


def test_an_upload_in_parts_is_seen_when_it_is_ended_and_not_before(store: ObjectStore) -> None:
    first, last = b"a" * PART_BYTES, b"end"
    upload = store.begin_parts(KEY, content_type="application/pdf")
    tags = [store.put_part(KEY, upload, 1, first), store.put_part(KEY, upload, 2, last)]

    assert store.find(KEY) is None
    assert [found.upload_id for found in store.partial_uploads(KEY)] == [upload]
    store.end_parts(KEY, upload, tags)

    assert content_of(store, KEY) == first + last
    assert list(store.partial_uploads(KEY)) == []
    assert store.remains(KEY) == 1


def test_a_part_that_is_sent_again_replaces_the_first(store: ObjectStore) -> None:
    upload = store.begin_parts(KEY, content_type="application/pdf")
    store.put_part(KEY, upload, 1, b"wrong")
    tag = store.put_part(KEY, upload, 1, b"right")

    store.end_parts(KEY, upload, [tag])

    assert content_of(store, KEY) == b"right"


@pytest.mark.only_stores("directory", "seaweedfs")  # ministack does not look
def test_a_part_that_is_too_small_and_not_the_last_makes_no_object(store: ObjectStore) -> None:
    upload = store.begin_parts(KEY, content_type="application/pdf")
    tags = [store.put_part(KEY, upload, number, b"content") for number in (1, 2)]

    with pytest.raises(ContentChanged):
        store.end_parts(KEY, upload, tags)

    assert store.find(KEY) is None


def test_parts_that_are_not_the_ones_sent_make_no_object(store: ObjectStore) -> None:
    upload = store.begin_parts(KEY, content_type="application/pdf")
    tag = store.put_part(KEY, upload, 1, b"content")

    with pytest.raises(ContentChanged):
        store.end_parts(KEY, upload, [tag, tag])

    assert store.find(KEY) is None


def test_an_aborted_upload_leaves_nothing_and_aborting_can_be_repeated(
    store: ObjectStore,
) -> None:
    upload = store.begin_parts(KEY, content_type="application/pdf")
    tag = store.put_part(KEY, upload, 1, b"content")

    store.abort_parts(KEY, upload)
    store.abort_parts(KEY, upload)

    assert list(store.partial_uploads(KEY)) == []
    assert store.remains(KEY) == 0
    with pytest.raises(NoSuchObject):
        store.put_part(KEY, upload, 2, b"more")
    with pytest.raises(NoSuchObject):
        store.end_parts(KEY, upload, [tag])


@pytest.mark.slow("a page of a listing has a thousand keys")
@pytest.mark.only_stores("directory", *deep(("seaweedfs",), usual=()))
def test_more_than_a_thousand_keys_are_listed_hidden_and_purged(store: ObjectStore) -> None:
    expected = [f"tickets/{number}/file.pdf" for number in range(1_105)]
    for key in expected:
        put(store, key)

    listed = keys(store, "tickets/")
    assert sorted(listed) == sorted(expected)
    assert store.hide(expected) == []
    assert keys(store, "tickets/") == []
    versions = list(store.versions("tickets/"))
    assert len(versions) == 2 * len(expected)
    assert sum(version.is_marker for version in versions) == len(expected)
    assert store.purge(expected) == []
    assert list(store.versions("tickets/")) == []


@pytest.mark.slow("a page of a listing has a thousand keys")
@pytest.mark.only_stores("directory", *deep(("ministack",), usual=()))
def test_more_than_a_thousand_versions_of_one_key_are_purged(store: ObjectStore) -> None:
    beside = f"{KEY}.bak"
    put(store, beside)
    for _ in range(1_010):
        put(store, KEY, b"x")

    assert store.remains(KEY) == 1_010
    assert store.purge([KEY]) == []

    assert store.remains(KEY) == 0
    assert store.remains(beside) == 1
