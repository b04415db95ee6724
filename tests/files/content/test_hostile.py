"""Files that are not what they say."""

from __future__ import annotations

import io
import random
import struct
import time
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from savctl.domain.files.attachments import examine
from savctl.domain.files.file_types import FileRefused
from savctl.domain.files.ole2 import MACRO_BYTES, directory
from savctl.domain.files.zips import PIECE
from tests.depth import deep
from tests.files import making
from tests.files.content.test_limits import refused_by
from tests.files.making import GIF, JPEG, PDF, PNG, PROGRAM, a_document, a_zip, an_ole2

DOCTYPE = (
    '<!DOCTYPE x [<!ENTITY a "document">]><Types xmlns="http://schemas.openxmlformats.org/'
    f'package/2006/content-types"><Override PartName="/word/&a;.xml" ContentType="{making.WORD}"/>'
    "</Types>"
).encode()
MACRO_SHEET = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override '
    f'PartName="/word/document.xml" ContentType="{making.EXCEL}"/><Override PartName="/xl/m.xml" '
    'ContentType="application/vnd.ms-excel.macrosheet+xml"/></Types>'
).encode()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.docx", a_document()),
        ("a.xlsx", making.a_workbook()),
        ("a.doc", an_ole2("WordDocument", "1Table")),
        ("a.zip", a_zip({"folder/": b"", "folder/script.py": b"#!/usr/bin/python"})),
        ("a.zip", a_zip({"photo.jpg": JPEG, "notes.js": b"alert(1)"})),
        ("a.zip", a_zip({"Grüße.txt": b"x"})),
        ("a.docx", a_document(more={"word/embeddings/table.xlsx": making.a_workbook()})),
        ("a.jpg", JPEG + b"what a phone writes behind the picture"),
        ("a.txt", "Grüße €".encode("cp1252")),
        ("a.txt", "Grüße €".encode("utf-16")),
        ("a.csv", "a;b\r\né;€\r\n".encode("utf-8-sig")),
        ("a.txt", b"MZ-12 is the part I ordered"),
        ("a.txt", b"BM 5, PK, and 1 < 2 > 0"),
        ("a.pdf", b"\r\n" + PDF),
    ],
)
def test_what_customers_send_is_taken(name: str, content: bytes) -> None:
    assert refused_by(name, content) is None


@pytest.mark.parametrize(
    ("name", "content", "check"),
    [
        # executables in disguise
        ("a.txt", PROGRAM, "content"),
        ("a.pdf", PROGRAM + PDF, "content"),
        ("a.png", b"\x7fELF" + b"\x00" * 60, "content"),
        ("a.txt", b"#!/bin/sh\nrm -rf /\n", "content"),
        ("a.doc", b"\xca\xfe\xba\xbe" + b"\x00" * 600, "content"),
        ("a.zip", b"\x00" * 32_769 + b"CD001" + b"\x00" * 600, "content"),
        # text that is none, or is a page
        ("a.txt", b"hello\x00world", "content"),
        ("a.txt", b"hello \x1b[2J", "content"),
        ("a.csv", b"\x81\x8d\x8f", "content"),
        ("a.txt", b"\xef\xbb\xbf  <HTML><p>", "content"),
        ("a.csv", b"<!-- a --> <!-- b --><script>alert(1)</script>", "content"),
        ("a.txt", "<html>".encode("utf-16"), "content"),
        ("a.txt", b"<?php system($_GET[0]);", "content"),
        ("a.txt", b"{\\rtf1 }", "content"),
        # two things at once
        ("a.gif", GIF + a_zip({"a.class": b"x"}), "polyglot"),
        ("a.pdf", PDF + a_zip({"a.txt": b"x"}) + b"behind", "polyglot"),
        ("a.jpg", JPEG + PDF, "polyglot"),
        ("a.png", PNG + b"x" * 70_000 + b"<?PHP system(0)", "polyglot"),
        ("a.png", PNG.ljust(65_533, b"x") + b"<?php system(0)", "polyglot"),
        ("a.gif", b"GIF89a/*" + b"\x00" * 10 + b"*/=1;<script>", "polyglot"),
        ("a.doc", an_ole2("WordDocument") + a_zip({"a": b"x"}), "polyglot"),
        ("a.pdf", b"#!/bin/sh\nrm -rf /\nexit\n" + PDF, "polyglot"),
        ("a.pdf", b"\n<html><script>alert(1)</script><!--" + PDF, "polyglot"),
        # documents
        ("a.doc", an_ole2("WordDocument", "Macros"), "macros"),
        ("a.doc", an_ole2("WordDocument", "ObjectPool", "_VBA_PROJECT", children=[2]), "macros"),
        ("a.doc", an_ole2("Workbook"), "content"),
        ("a.doc", an_ole2("Workbook", "WordDocument", children=[1]), "content"),
        ("a.doc", an_ole2("WordDocument", "Workbook"), "content"),
        ("a.doc", an_ole2("WordDocument")[:600], "content"),
        ("a.docx", a_document(making.MACRO_WORD), "macros"),
        ("a.docx", a_document(more={"word/vbaProject.bin": b"x"}), "macros"),
        ("a.docx", a_document(more={"word/x.bin": an_ole2("_VBA_PROJECT")}), "macros"),
        ("a.docx", a_document(part="/word/missing.xml", types=b"<Types/>"), "content"),
        ("a.docx", a_document(types=DOCTYPE), "content"),
        ("a.docx", a_document(more={"[content_types].xml": b"<Types/>"}), "archive"),
        ("a.xlsx", a_document(types=MACRO_SHEET), "macros"),
        ("a.docx", a_document(types=b"no xml"), "content"),
        ("a.docx", a_document(more={"word/evil.exe": b"x"}), "archive_member"),
        ("a.docx", a_document(more={"word/picture.png": PROGRAM}), "archive_member"),
        ("a.docx", a_zip({"word/document.xml": b"<x/>"}), "content"),
        ("a.xlsx", a_document(), "content"),
        # archives
        ("a.zip", a_zip({"setup.exe": b"x"}), "archive_member"),
        ("a.zip", a_zip({"SETUP.EXE. ": b"x"}), "archive_member"),
        ("a.zip", a_zip({"setup.bat::$DATA": b"x"}), "archive_member"),
        ("a.zip", a_zip({"x.app/Contents/run": b"x"}), "archive_member"),
        ("a.zip", a_zip({"letter.docm": b"x"}), "archive_member"),
        ("a.zip", a_zip({"photo.jpg": PROGRAM}), "archive_member"),
        ("a.zip", a_zip({"inner.txt": a_zip({"a": b"x"})}), "archive_member"),
        ("a.zip", a_zip({"inner.txt": b"\x1f\x8b\x08"}), "archive_member"),
        ("a.zip", a_zip({"inner.txt": b"x" * 257 + b"ustar\x00"}), "archive_member"),
        ("a.zip", a_zip({"letter.doc": an_ole2("WordDocument", "_VBA_PROJECT")}), "macros"),
        ("a.zip", a_zip({"../a.txt": b"x"}), "path"),
        ("a.zip", a_zip({"/etc/a.txt": b"x"}), "path"),
        ("a.zip", a_zip({"a/..\\..\\b.txt": b"x"}), "path"),
        ("a.zip", a_zip({"C:a.txt": b"x"}), "path"),
        ("a.zip", a_zip({"META-INF/MANIFEST.MF": b"x"}), "content"),
        ("a.zip", PROGRAM + a_zip({"a.txt": b"x"}), "content"),
        ("a.zip", a_zip({"a.txt": b"x"}) + b"behind", "archive"),
        ("a.zip", a_zip({"a.txt": b"x"}, method=zipfile.ZIP_BZIP2), "archive"),
        ("a.zip", a_zip({"a.txt": b"x" * 2_000_000}), "bomb"),
        ("a.zip", b"PK\x03\x04" + b"\x00" * 100, "archive"),
    ],
)
def test_a_file_that_deceives_is_refused(name: str, content: bytes, check: str) -> None:
    assert refused_by(name, content) == check


def changed(content: bytes, at: int, form: str, value: int) -> bytes:
    made = bytearray(content)
    struct.pack_into(form, made, at, value)
    return bytes(made)


def test_an_encrypted_member_is_refused() -> None:
    plain = a_zip({"a.txt": b"secret"})
    locked = changed(plain, plain.find(b"PK\x01\x02") + 8, "<H", 1)

    assert refused_by("a.zip", changed(locked, 6, "<H", 1)) == "encrypted"


def test_a_link_is_refused() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        link = zipfile.ZipInfo("link.txt")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")

    assert refused_by("a.zip", made.getvalue()) == "path"


def test_two_names_for_one_member_are_refused() -> None:
    plain = a_zip({"evil.exe": b"x"})
    at = plain.rfind(b"evil.exe")

    assert refused_by("a.zip", plain[:at] + b"fine.txt" + plain[at + 8 :]) == "archive"


@pytest.mark.parametrize("place", ["directory", "member"])
def test_a_second_name_in_an_extra_field_is_refused(place: str) -> None:
    name = b"evil.exe"
    field = struct.pack("<2HBI", 0x7075, 5 + len(name), 1, 0) + name
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        member = zipfile.ZipInfo("fine.txt")
        member.extra = field
        archive.writestr(member, b"x")
    both = made.getvalue()
    other = both.rfind(field) if place == "member" else both.find(field)
    made_dumb = changed(both, other, "<H", 0x9999)  # a field that is not known

    assert refused_by("a.zip", made_dumb) == "archive"


@pytest.mark.parametrize(
    ("at", "form", "value"),
    [(6, "<H", 0x8), (8, "<H", zipfile.ZIP_STORED), (18, "<I", 1), (22, "<I", 1)],
    ids=["flags", "method", "packed size", "unpacked size"],
)
def test_a_member_that_its_own_header_declares_otherwise_is_refused(
    at: int, form: str, value: int
) -> None:
    plain = a_zip({"a.txt": b"x" * 100})
    made = changed(plain, at, form, value)

    with zipfile.ZipFile(io.BytesIO(made)) as lenient:
        assert lenient.read("a.txt") == b"x" * 100
    assert refused_by("a.zip", plain) is None
    assert refused_by("a.zip", made) == "archive"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_refused() -> None:
    """Which of them is unpacked last?"""
    twice = [("invoice.txt", b"harmless"), ("invoice.txt", b"not so")]

    assert refused_by("a.zip", a_zip(twice[:1])) is None
    assert refused_by("a.zip", a_zip(twice)) == "archive"


def test_bytes_behind_the_end_of_a_packed_member_are_refused() -> None:
    plain = a_zip({"a.txt": b"x" * 100})
    directory_at = plain.find(b"PK\x01\x02")
    hidden = b"hidden behind the end"
    made = plain[:directory_at] + hidden + plain[directory_at:]
    packed = struct.unpack_from("<I", plain, 18)[0] + len(hidden)
    for at in (18, directory_at + len(hidden) + 20):
        made = changed(made, at, "<I", packed)
    made = changed(made, len(made) - 6, "<I", directory_at + len(hidden))

    with zipfile.ZipFile(io.BytesIO(made)) as lenient:
        assert lenient.read("a.txt") == b"x" * 100
    assert refused_by("a.zip", made) == "archive"


@pytest.mark.parametrize("before", [PIECE - 1, PIECE - len(MACRO_BYTES) + 1])
def test_macros_are_found_where_two_pieces_meet(before: int) -> None:
    content = b"." * before + MACRO_BYTES + b"." * PIECE

    found = refused_by("a.zip", a_zip({"a.doc": content}, method=zipfile.ZIP_STORED))

    assert found == "macros"


def test_members_that_share_their_bytes_are_refused() -> None:
    one = a_zip({"a.txt": b"x" * 100}, method=zipfile.ZIP_STORED)
    directory_at = one.find(b"PK\x01\x02")
    entry = one[directory_at : one.find(b"PK\x05\x06")]
    other = entry.replace(b"a.txt", b"b.txt")
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 2, 2, 2 * len(entry), directory_at, 0)

    assert refused_by("a.zip", one[:directory_at] + entry + other + end) == "archive"


def test_bytes_between_members_are_refused() -> None:
    plain = a_zip({"a.txt": b"x" * 10, "b.txt": b"y" * 10}, method=zipfile.ZIP_STORED)
    second, directory_at = plain.find(b"PK\x03\x04", 4), plain.find(b"PK\x01\x02")
    hidden = b"hidden from the directory"
    made = plain[:second] + hidden + plain[second:]
    entry = made.rfind(b"PK\x01\x02")
    made = changed(made, entry + 42, "<I", second + len(hidden))
    made = changed(made, len(made) - 6, "<I", directory_at + len(hidden))

    with zipfile.ZipFile(io.BytesIO(made)) as lenient:
        assert lenient.read("b.txt") == b"y" * 10
    assert refused_by("a.zip", plain) is None
    assert refused_by("a.zip", made) == "archive"


def test_a_wrong_checksum_is_refused() -> None:
    plain = a_zip({"a.txt": b"x" * 10}, method=zipfile.ZIP_STORED)

    assert refused_by("a.zip", plain.replace(b"xxxx", b"xxxy", 1)) == "archive"


def test_a_damaged_directory_of_a_document_ends_in_no_endless_loop() -> None:
    made = an_ole2("WordDocument", *(f"x{n}" for n in range(7)))
    circle = changed(made, 512 + 8, "<I", 1)  # the second sector of the directory leads back

    assert refused_by("a.doc", circle) == "content"


def test_many_comments_before_a_page_cost_no_time() -> None:
    began = time.monotonic()

    refused_by("a.txt", b"<!---->" * 580 + b"x")

    assert time.monotonic() - began < 1


def test_a_document_with_a_table_too_large_for_its_header_is_read() -> None:
    names = directory(io.BytesIO(making.sized("a.doc", 9_000_000)))

    assert names.top == {"worddocument"}


@settings(max_examples=deep(300, usual=100))
@given(
    st.sampled_from(["txt", "csv", "zip", "docx", "doc", "pdf", "png"]), st.binary(max_size=600)
)
def test_no_content_whatever_breaks_the_examination(extension: str, content: bytes) -> None:
    refused_by(f"a.{extension}", content)


@pytest.mark.parametrize(
    ("name", "whole"),
    [
        ("a.zip", a_zip({"a.txt": b"some text", "b/c.txt": b"x" * 500})),
        ("a.docx", a_document()),
        ("a.doc", an_ole2("WordDocument", "1Table", "Data", "ObjectPool")),
    ],
)
def test_no_damage_breaks_the_examination(name: str, whole: bytes) -> None:
    draw = random.Random(4711)
    for _ in range(deep(1_500, usual=300)):
        broken = bytearray(whole)
        for _ in range(draw.randint(1, 4)):
            broken[draw.randrange(len(broken))] = draw.randrange(256)
        refused_by(name, bytes(broken[: draw.choice([len(broken), draw.randrange(len(broken))])]))


def test_a_refusal_names_its_check_and_exits_5() -> None:
    with pytest.raises(FileRefused) as refusal:
        examine("a.png", io.BytesIO(JPEG), size_bytes=len(JPEG))

    assert refusal.value.exit_code == 5
    assert refusal.value.facts == {"check": "content"}
    assert "image/jpeg" in refusal.value.message
