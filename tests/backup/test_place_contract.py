"""What every BackupPlace promises: the same cases on a folder and on real S3 servers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from savctl.errors import InvalidInput
from savctl.ports.backup_place import BackupPlace, NoSuchBackupFile

MIB = 1024**2
LARGE = bytes(range(256)) * (9 * MIB // 256)  # more than a part of an upload
LATER = timedelta(days=1)


class Broken(Exception):
    """What stops a writer in these tests."""


def put(place: BackupPlace, name: str, content: bytes = b"content") -> None:
    with place.write(name) as sink:
        for start in range(0, len(content), MIB):
            sink.write(content[start : start + MIB])


def break_off(place: BackupPlace, name: str, content: bytes) -> None:
    with place.write(name) as sink:
        sink.write(content)
        raise Broken


def content_of(place: BackupPlace, name: str) -> bytes:
    with place.read(name) as source:
        return b"".join(iter(lambda: source.read(100_000), b""))


def names(place: BackupPlace, prefix: str = "") -> list[str]:
    return [file.name for file in place.names(prefix)]


@pytest.mark.parametrize("content", [b"", b"a", LARGE], ids=["empty", "a byte", "9 MiB"])
def test_what_is_written_is_read_and_listed(place: BackupPlace, content: bytes) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)

    put(place, "one/dump.sql.zst", content)

    assert content_of(place, "one/dump.sql.zst") == content
    (file,) = place.names()
    assert (file.name, file.size_bytes) == ("one/dump.sql.zst", len(content))
    assert before <= file.modified_at <= datetime.now(UTC) + timedelta(seconds=2)


def test_a_file_can_be_read_at_once(place: BackupPlace) -> None:
    put(place, "one/manifest.json", b'{"id": 1}')

    with place.read("one/manifest.json") as source:
        assert source.read(2) == b'{"'
        assert source.read() == b'id": 1}'
        assert source.read() == source.read(5) == b""


def test_an_empty_place_has_no_files(place: BackupPlace) -> None:
    assert names(place) == []
    with pytest.raises(NoSuchBackupFile), place.read("one/manifest.json"):
        pass


def test_files_are_listed_by_name_below_a_prefix(place: BackupPlace) -> None:
    for name in ("b/2", "a/2", "a/1", "ab"):
        put(place, name)

    assert names(place) == ["a/1", "a/2", "ab", "b/2"]
    assert names(place, "a/") == ["a/1", "a/2"]
    assert names(place, "c/") == []


@pytest.mark.parametrize("size", [10, 9 * MIB])
def test_a_writer_that_fails_leaves_nothing(place: BackupPlace, size: int) -> None:
    with pytest.raises(Broken):
        break_off(place, "one/dump", LARGE[:size])

    assert names(place) == []
    assert place.clean("", before=datetime.now(UTC) + LATER) == 0


def test_a_file_has_no_name_before_it_is_complete(place: BackupPlace) -> None:
    with place.write("one/dump") as sink:
        sink.write(LARGE)
        assert names(place) == []

    assert names(place) == ["one/dump"]


def test_a_writer_that_fails_leaves_the_file_before_it(place: BackupPlace) -> None:
    put(place, "one/manifest.json", b"first")

    with pytest.raises(Broken):
        break_off(place, "one/manifest.json", b"second")

    assert content_of(place, "one/manifest.json") == b"first"


def test_a_file_is_replaced_whole(place: BackupPlace) -> None:
    put(place, "one/manifest.json", b"a longer first one")
    put(place, "one/manifest.json", b"second")

    assert content_of(place, "one/manifest.json") == b"second"
    assert names(place) == ["one/manifest.json"]


def test_removing_leaves_the_others(place: BackupPlace) -> None:
    for name in ("one/dump", "one/dump.more", "two/dump"):
        put(place, name)

    place.remove("one/dump")
    place.remove("one/dump")  # gone already

    assert names(place) == ["one/dump.more", "two/dump"]


@pytest.mark.parametrize(
    "name", ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/", "x.part", "a b", "é", "x" * 600]
)
def test_a_name_never_leaves_the_place(place: BackupPlace, name: str) -> None:
    with pytest.raises(InvalidInput), place.write(name):
        pass
    with pytest.raises(InvalidInput), place.read(name):
        pass
    with pytest.raises(InvalidInput):
        place.remove(name)


def test_a_place_is_described(place: BackupPlace) -> None:
    assert place.describe().startswith(("the folder /", "the bucket "))
    assert place.name.startswith(("file:///", "s3://"))
    room = place.free_bytes()
    assert room is None or room > 0
