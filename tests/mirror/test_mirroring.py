"""The bucket is copied: what is new, once, by content; nothing goes because it vanished."""

from __future__ import annotations

import hashlib
import io
import json

import pytest
import zstandard

from savctl.errors import SavError
from savctl.usecases.mirror.restoring import KeyFate, restore_from_mirror
from savctl.usecases.mirror.verifying import verify_mirror
from tests.mirror.conftest import Mirrored

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_stores("directory")]
ON_SERVERS = pytest.mark.only_stores("directory", "seaweedfs")
A, B = "tickets/1/a.png", "tickets/2/b.png"


def name_of(content: bytes) -> str:
    return f"objects/{hashlib.sha256(content).hexdigest()}"


@ON_SERVERS
def test_contents_lie_under_their_digest_as_they_are(m: Mirrored) -> None:
    m.put(A, b"first")
    m.put(B, b"other")

    report = m.copy()

    assert m.contents() == {name_of(b"first"): b"first", name_of(b"other"): b"other"}
    assert (report.seen, report.changed) == (2, 2)
    assert report.details["vanished"] == 0


def test_the_index_is_lines_that_public_tools_read(m: Mirrored) -> None:
    m.put(A, b"first")
    m.copy()

    [piece] = [file.name for file in m.files.names("index/")]
    plain = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(m.raw(piece))).read()
    [line] = [json.loads(line) for line in plain.splitlines()]

    assert piece.endswith(".full.jsonl.zst")
    assert (line["key"], line["bytes"], line["sha256"]) == (
        A,
        5,
        hashlib.sha256(b"first").hexdigest(),
    )


def test_a_second_run_copies_nothing_and_a_third_what_is_new(m: Mirrored) -> None:
    m.put(A, b"first")
    m.copy()

    assert m.copy().changed == 0
    m.put(A, b"second")
    assert m.copy().changed == 1
    assert set(m.contents()) == {name_of(b"first"), name_of(b"second")}


def test_the_same_content_is_stored_once(m: Mirrored) -> None:
    m.put(A, b"same")
    m.put(B, b"same")

    report = m.copy()

    assert list(m.contents()) == [name_of(b"same")]
    assert m.keys() == {A, B}
    assert report.details["versions"] == 2


@ON_SERVERS
def test_hidden_versions_are_mirrored_and_uploads_under_way_are_not(m: Mirrored) -> None:
    m.put(A, b"hidden")
    m.store.hide([A])
    m.put("temp/upload", b"temporary")

    m.copy()

    assert m.keys() == {A}


def test_what_vanished_stays_and_is_counted(m: Mirrored) -> None:
    m.put(A, b"first")
    m.put(B, b"other")
    m.copy()
    m.store.purge([A])  # behind the mirror's back

    report = m.copy()

    assert report.details["vanished"] == 1
    assert m.keys() == {A, B}
    assert report.failed == 0


def test_a_dry_run_names_what_is_new_and_writes_nothing(m: Mirrored) -> None:
    m.put(A, b"first")

    report = m.copy(dry_run=True)

    assert [item.id for item in report.items] == [A]
    assert list(m.files.names()) == []


@ON_SERVERS
def test_what_was_purged_goes_unless_another_key_has_the_content(m: Mirrored) -> None:
    m.put(A, b"same")
    m.put(B, b"same")
    m.put("tickets/3/c.png", b"alone")
    m.copy()

    m.forget(A, "tickets/3/c.png")

    assert m.keys() == {B}
    assert list(m.contents()) == [name_of(b"same")]
    m.copy()
    assert len(list(m.files.names("index/"))) == 1


def test_many_purges_are_written_into_one_piece_again(m: Mirrored) -> None:
    m.put(A, b"first")
    m.copy()

    for number in range(70):
        m.forget(f"tickets/9/{number}.png")

    assert len(list(m.files.names("index/"))) < 10
    assert m.keys() == {A}


@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_what_is_spoiled_is_named(m: Mirrored, damage: str) -> None:
    m.put(A, b"first")
    m.put(B, b"other")
    m.copy()
    if damage == "changed":
        m.spoil(name_of(b"first"), b"f1rst")
    else:
        m.files.remove(name_of(b"first"))

    verdict = verify_mirror(m.mirror)

    assert (verdict.objects, verdict.count) == (2, 1)
    assert verdict.spoiled[0].key == A


@ON_SERVERS
def test_a_lost_object_comes_back_and_a_spoiled_one_does_not(m: Mirrored) -> None:
    m.put(A, b"first")
    m.put(B, b"other")
    m.copy()
    m.store.purge([A, B])
    m.spoil(name_of(b"other"), b"0ther")

    done = restore_from_mirror(m.mirror, m.store, [A, B, "tickets/9/none.png"])

    assert [one.fate for one in done] == [KeyFate.RESTORED, KeyFate.SPOILED, KeyFate.MISSING]
    with m.store.read(A) as pieces:
        assert b"".join(pieces) == b"first"
    assert m.store.find(B) is None
    assert restore_from_mirror(m.mirror, m.store, [A])[0].fate is KeyFate.PRESENT


def test_the_version_of_the_recorded_digest_comes_back(m: Mirrored) -> None:
    m.put(A, b"old")
    m.put(A, b"new")
    m.copy()
    m.store.purge([A])

    wanted = {A: hashlib.sha256(b"old").hexdigest()}
    restore_from_mirror(m.mirror, m.store, [A], digests=wanted)

    with m.store.read(A) as pieces:
        assert b"".join(pieces) == b"old"


@ON_SERVERS
def test_an_encrypted_mirror_shows_nothing_and_gives_everything_back(sealed: Mirrored) -> None:
    content = b"secret words " * 50_000
    sealed.put(A, content)
    sealed.copy()

    for file in sealed.files.names():
        raw = sealed.raw(file.name)
        assert b"secret" not in raw
        assert b"tickets" not in raw
    assert verify_mirror(sealed.mirror).count == 0
    sealed.store.purge([A])
    restore_from_mirror(sealed.mirror, sealed.store, [A])
    with sealed.store.read(A) as pieces:
        assert b"".join(pieces) == content


def test_sealed_content_of_another_file_is_spoiled(sealed: Mirrored) -> None:
    sealed.put(A, b"first")
    sealed.put(B, b"other")
    sealed.copy()

    sealed.spoil(name_of(b"first"), sealed.raw(name_of(b"other")))

    assert [one.key for one in verify_mirror(sealed.mirror).spoiled] == [A]


def test_a_file_that_looks_sealed_is_a_file(m: Mirrored) -> None:
    content = b'savctl:backup:1\n{"name": "objects/x", "kid": "k"}\nrest'
    m.put(A, content)
    m.copy()

    assert verify_mirror(m.mirror).count == 0
    assert list(m.contents().values()) == [content]


def test_content_of_a_killed_run_is_swept_by_the_next(m: Mirrored) -> None:
    m.spoil(name_of(b"left"), b"left")
    m.spoil("unfinished", b"")
    m.put(A, b"first")

    report = m.copy()

    assert report.details["swept"] == 1
    assert set(m.contents()) == {name_of(b"first")}
    assert [file.name for file in m.files.names("unfinished")] == []


def test_a_damaged_index_is_reported_and_nothing_is_written(m: Mirrored) -> None:
    m.put(A, b"first")
    m.copy()
    [piece] = [file.name for file in m.files.names("index/")]
    m.spoil(piece, m.raw(piece)[:-9])

    with pytest.raises(SavError) as found:
        m.copy()

    assert found.value.exit_code == 10
    assert len(list(m.files.names("index/"))) == 1


def test_what_is_purged_while_it_is_copied_is_not_mirrored(
    m: Mirrored, monkeypatch: pytest.MonkeyPatch
) -> None:
    from savctl.usecases.mirror import copying

    m.put(A, b"first")
    m.put(B, b"other")
    flush = copying._flush

    def purge_first(*given: object) -> object:
        m.store.purge([A])
        m.forget(A)
        return flush(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(copying, "_flush", purge_first)
    report = m.copy()

    assert m.keys() == {B}
    assert set(m.contents()) == {name_of(b"other")}
    assert report.changed == 1
