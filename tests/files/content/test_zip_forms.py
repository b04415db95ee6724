"""Forms of zip64 and of streams that two readers would take differently (rules 20.8)."""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import suppress

import pytest

from savctl.domain.files.zips import PIECE
from tests.files.content.producers import winzip
from tests.files.content.test_limits import refused_by
from tests.files.content.zip_writer import Layout, written
from tests.files.making import a_zip

WIDE = Layout(version=45, sizes="wide", directory="wide", end="both")
STREAMED = Layout(version=45, sizes="later", descriptor="<I2Q")


def changed(content: bytes, at: int, form: str, *values: int) -> bytes:
    made = bytearray(content)
    struct.pack_into(form, made, at, *values)
    return bytes(made)


TWO = {"a.txt": b"x" * 100, "b.txt": b"y" * 100}
WIDE_ZIP = written(TWO, WIDE)
RECORD, LOCATOR, END = (WIDE_ZIP.find(mark) for mark in (b"PK\6\6", b"PK\6\7", b"PK\5\6"))
FIRST, SECOND = WIDE_ZIP.find(b"PK\1\2"), WIDE_ZIP.rfind(b"PK\1\2")
FIELD = SECOND + 46 + len("b.txt")  # the zip64 field of the second member in the directory


def with_second_directory() -> bytes:
    """The zip64 record has the whole directory, the plain end only its second half."""
    length = END - LOCATOR and RECORD - SECOND
    return changed(WIDE_ZIP, END + 8, "<2H2I", 1, 1, length, SECOND)


@pytest.mark.parametrize(
    "content",
    [
        with_second_directory(),
        changed(WIDE_ZIP, RECORD + 24, "<2Q", 1, 1),  # the record counts otherwise
        changed(WIDE_ZIP, RECORD + 40, "<Q", RECORD - SECOND),  # and is shorter
        changed(WIDE_ZIP, RECORD + 48, "<Q", SECOND),  # and begins elsewhere
        changed(WIDE_ZIP, RECORD + 4, "<Q", 100),  # and holds unknown data
        changed(WIDE_ZIP, RECORD + 16, "<I", 1),  # another disk
        changed(WIDE_ZIP, LOCATOR + 8, "<Q", 0),  # the record is elsewhere as well
        changed(WIDE_ZIP, LOCATOR + 16, "<I", 2),
        changed(WIDE_ZIP, RECORD, "<4B", 0, 0, 0, 0),
        changed(WIDE_ZIP, END + 16, "<I", 0),
        WIDE_ZIP[:RECORD] + b"hidden" + WIDE_ZIP[RECORD:],
        WIDE_ZIP[:END] + b"hidden" + WIDE_ZIP[END:],
        changed(written(TWO, Layout()), -10, "<2I", 0xFFFFFFFF, 0xFFFFFFFF),  # no zip64 form
        # members
        changed(WIDE_ZIP, FIELD + 4, "<Q", 99),  # another size than the member's own header
        changed(WIDE_ZIP, FIELD + 12, "<Q", 99),
        changed(WIDE_ZIP, FIELD + 20, "<Q", 0),  # both are the first member
        changed(WIDE_ZIP, FIELD + 20, "<Q", 2**63),
        changed(WIDE_ZIP, FIELD + 20, "<Q", 2**64 - 1),
        changed(WIDE_ZIP, FIELD, "<H", 0x9999),  # no zip64 field at all
        changed(WIDE_ZIP, SECOND + 42, "<I", 7),  # the header has another place than the field
        changed(WIDE_ZIP, SECOND + 24, "<I", 99),  # and another size
        changed(WIDE_ZIP, 30 + len("a.txt") + 4, "<Q", 99),  # a member's own field
        # descriptors
        changed(written(TWO, STREAMED), written(TWO, STREAMED).find(b"PK\7\b") + 8, "<Q", 7),
        changed(written(TWO, STREAMED), 18, "<2I", 5, 5),  # its own header has other sizes
        written(TWO, Layout(sizes="later")).replace(b"PK\7\b", b"hidd"),
    ],
)
def test_an_archive_that_two_readers_take_differently_is_refused(content: bytes) -> None:
    assert refused_by("a.zip", WIDE_ZIP) is None
    assert refused_by("a.zip", content) == "archive"


def with_bytes_behind_the_first_member(layout: Layout, hidden: bytes) -> bytes:
    """An archive with a hole of this length, all places moved as if it belonged there."""
    whole = written(TWO, layout)
    at = whole.find(b"PK\3\4", 4)
    made = whole[:at] + hidden + whole[at:]
    entry = made.rfind(b"PK\1\2")
    made = changed(made, entry + 42, "<I", at + len(hidden))
    return changed(made, -6, "<I", made.find(b"PK\1\2"))


@pytest.mark.parametrize("length", [4, 8, 12, 16, 20, 24])
@pytest.mark.parametrize("layout", [Layout(), Layout(sizes="later"), STREAMED])
def test_what_stands_in_place_of_a_descriptor_is_refused(layout: Layout, length: int) -> None:
    made = with_bytes_behind_the_first_member(layout, b"PK\7\b".ljust(length, b"\x00"))

    with zipfile.ZipFile(io.BytesIO(made)) as lenient:
        assert lenient.read("b.txt") == b"y" * 100
    assert refused_by("a.zip", made) == "archive"


def test_a_field_that_is_there_twice_is_refused() -> None:
    field = WIDE_ZIP[FIELD : FIELD + 28]
    twice = WIDE_ZIP[: FIELD + 28] + field + WIDE_ZIP[FIELD + 28 :]
    made = changed(twice, SECOND + 30, "<H", 56)
    length, at = RECORD - FIRST + 28, RECORD + 28
    made = changed(made, at + 40, "<Q", length)
    made = changed(changed(made, LOCATOR + 28 + 8, "<Q", at), END + 28 + 12, "<I", length)

    with zipfile.ZipFile(io.BytesIO(made)) as lenient:
        assert lenient.read("b.txt") == b"y" * 100
    assert refused_by("a.zip", made) == "archive"


def test_a_comment_that_is_an_end_as_well_is_refused() -> None:
    """Programs search from the end or from the comment's beginning: two directories."""
    inner = a_zip({"other.txt": b"x"})
    outer = a_zip({"a.txt": b"x"})
    made = changed(outer, -2, "<H", len(inner)) + inner

    assert refused_by("a.zip", made) == "archive"


@pytest.mark.parametrize("behind", [b"\n" * 17, b"\r\n.", b"\x00" * 17, a_zip({"b.txt": b"y"})])
def test_more_than_a_line_break_behind_an_archive_is_refused(behind: bytes) -> None:
    assert refused_by("a.zip", a_zip({"a.txt": b"x"}) + b"\r\n") is None
    assert refused_by("a.zip", a_zip({"a.txt": b"x"}) + behind) == "archive"


def test_an_empty_part_that_is_not_empty_is_refused() -> None:
    empty = written({"a.txt": b"", "b.txt": b"x"}, Layout(leaves_empty_out=True))
    at = empty.find(b"PK\1\2")

    assert refused_by("a.zip", empty) is None
    for place in (14, at + 16):
        assert refused_by("a.zip", changed(empty, place, "<I", 7)) == "archive"
    both = changed(changed(empty, 22, "<I", 7), at + 24, "<I", 7)
    assert refused_by("a.zip", both) == "archive"


def stored_by_deflate(length: int) -> tuple[bytes, bytes]:
    """So many bytes, and the stream of them."""
    packer = zlib.compressobj(0, zlib.DEFLATED, -zlib.MAX_WBITS)
    return b"x" * length, packer.compress(b"x" * length) + packer.flush()


@pytest.mark.parametrize("where", ["in the same piece", "in the next piece"])
def test_bytes_behind_a_member_s_end_are_refused_wherever_a_piece_ends(where: str) -> None:
    lengths = [10] if where == "in the same piece" else range(PIECE - 50, PIECE)
    content, stream = next(
        made
        for made in map(stored_by_deflate, lengths)
        if where == "in the same piece" or len(made[1]) == PIECE
    )
    made = a_zip({"a.txt": stream + b"hidden behind"}, method=zipfile.ZIP_STORED)
    at = made.find(b"PK\1\2")
    for place, form, value in (
        (8, "<H", 8), (14, "<I", zlib.crc32(content)), (22, "<I", len(content)),
        (at + 10, "<H", 8), (at + 16, "<I", zlib.crc32(content)), (at + 24, "<I", len(content)),
    ):  # fmt: skip
        made = changed(made, place, form, value)

    with zipfile.ZipFile(io.BytesIO(made)) as lenient:
        assert lenient.read("a.txt") == content
    assert refused_by("a.zip", made) == "archive"


@pytest.mark.parametrize(
    ("names", "check"),
    [
        ({"fine.txt": "evil.exe"}, "archive"),
        ({"fine.exe": "evil.exe"}, "archive_member"),
        ({"fine.txt": "../evil.txt"}, "archive"),
        ({"a/fine.txt": "../evil.txt"}, "path"),
        ({"a/MANIFEST.MF": "META-INF/MANIFEST.MF"}, "content"),
    ],
)
def test_a_second_name_that_makes_another_file_of_it_is_refused(
    names: Mapping[str, str], check: str
) -> None:
    assert refused_by("a.zip", winzip(names)) == check


def test_a_folder_that_holds_bytes_is_refused() -> None:
    assert refused_by("a.zip", a_zip({"setup.exe/": b"MZ"})) == "archive"
    assert refused_by("a.zip", a_zip({"a\\b.txt": b"x", "a/b.txt": b"y"})) == "archive"


def test_an_archive_without_a_file_is_refused_as_an_empty_file_is() -> None:
    assert refused_by("a.zip", a_zip({})) == "empty"


@pytest.mark.parametrize("whole", [WIDE_ZIP, written(TWO, STREAMED), a_zip(TWO)])
def test_what_is_taken_after_damage_is_the_same_to_another_reader(whole: bytes) -> None:
    draw = random.Random(20_8)
    taken = 0
    for _ in range(1_500):
        made = bytearray(whole)
        for _ in range(draw.randint(1, 2)):
            made[draw.randrange(len(made))] = draw.choice([0, 1, 8, 0x50, 0xFF])
        if refused_by("a.zip", bytes(made)) is None:
            taken += 1
            with suppress(NotImplementedError):  # a later version of the format is needed, it says
                read = zipfile.ZipFile(io.BytesIO(bytes(made)))
                assert [read.read(name) for name in read.namelist()] == [*TWO.values()]
    assert taken > 10  # times and attributes count for nothing
