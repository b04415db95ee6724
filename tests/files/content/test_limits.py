"""Each limit of the specification's table, at the size and one byte above."""

from __future__ import annotations

import io
import struct

import pytest

from savctl.domain.files import archives, zips
from savctl.domain.files.attachments import examine
from savctl.domain.files.file_types import MB, TYPES, FileRefused, is_shown
from tests.files.making import PNG, a_zip, sized

SPECIFIED = {
    "jpg": 5, "jpeg": 5, "png": 5, "gif": 5, "webp": 5, "pdf": 10, "doc": 10, "docx": 10,
    "xlsx": 10, "csv": 10, "txt": 2, "zip": 20,
}  # fmt: skip


def refused_by(name: str, content: bytes) -> str | None:
    """The check that refuses the file, or None."""
    try:
        examine(name, io.BytesIO(content), size_bytes=len(content))
    except FileRefused as refusal:
        return refusal.check
    return None


def test_the_table_is_the_specification_s() -> None:
    limits = {e: kind.limit_bytes for kind in TYPES for e in kind.extensions}

    assert limits == {extension: size * MB for extension, size in SPECIFIED.items()}
    assert len(TYPES) == 11


def test_only_images_pdf_and_text_are_shown_in_a_browser() -> None:
    shown = {kind.extensions[0] for kind in TYPES if is_shown(kind.mime)}

    assert shown == {"jpg", "png", "gif", "webp", "pdf", "txt"}
    assert not is_shown("text/html")
    assert not is_shown("image/svg+xml")


@pytest.mark.parametrize("extension", SPECIFIED)
def test_a_file_of_the_greatest_size_is_taken_and_one_byte_more_is_not(extension: str) -> None:
    name, limit = f"file.{extension}", SPECIFIED[extension] * MB
    largest, larger = sized(name, limit), sized(name, limit + 1)

    assert (len(largest), refused_by(name, largest)) == (limit, None)
    assert (len(larger), refused_by(name, larger)) == (limit + 1, "size")


@pytest.mark.parametrize("extension", SPECIFIED)
def test_an_empty_file_is_refused(extension: str) -> None:
    assert refused_by(f"file.{extension}", b"") == "empty"


def test_an_archive_may_hold_a_thousand_files_and_no_more() -> None:
    def archive(count: int) -> bytes:
        return a_zip((f"{n}.txt", b"x") for n in range(count))

    assert refused_by("many.zip", archive(zips.MAX_MEMBERS)) is None
    assert refused_by("many.zip", archive(zips.MAX_MEMBERS + 1)) == "bomb"


def test_a_small_member_may_swell_and_a_large_one_may_not() -> None:
    assert refused_by("small.zip", a_zip({"a.txt": b"a" * archives.FREE_BYTES})) is None
    assert refused_by("large.zip", a_zip({"a.txt": b"a" * (archives.FREE_BYTES + 1)})) == "bomb"


def test_an_archive_may_unpack_to_its_limit_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_UNPACKED_BYTES", 10)

    assert refused_by("a.zip", a_zip({"a.txt": b"12345", "b.txt": b"12345"})) is None
    assert refused_by("a.zip", a_zip({"a.txt": b"12345", "b.txt": b"123456"})) == "bomb"


def test_a_member_that_is_larger_than_declared_is_not_unpacked() -> None:
    content = bytearray(a_zip({"a.txt": b"a" * 100_000}))
    at = content.find(b"PK\x01\x02")
    for where in (at + 24, 22):  # the directory and the member's own header
        struct.pack_into("<I", content, where, 10)

    assert refused_by("a.zip", bytes(content)) == "bomb"


def test_a_picture_of_five_megabytes_is_no_document_of_ten() -> None:
    assert refused_by("scan.pdf", PNG.ljust(6 * MB, b"\x00")) == "content"
