"""Archives in a .doc, a PDF or a picture: where they lie, and what they hold (rules 20.8)."""

from __future__ import annotations

import struct
import time
import zipfile
from dataclasses import replace

import pytest

from tests.files.content.ole2_writer import SMALLEST, a_letter, a_theme, compound
from tests.files.content.ole2_writer import WORD as WORD_STREAM
from tests.files.content.test_genuine import a_pdf_with
from tests.files.content.test_limits import refused_by
from tests.files.content.zip_writer import Layout, written
from tests.files.making import JPEG, PDF, PNG, PROGRAM, a_document, a_zip

WIDE = Layout(version=45, sizes="wide", directory="wide", end="both")
A_JAR = a_zip({"META-INF/MANIFEST.MF": b"x", "A.class": b"x"})
SETUP = a_zip({"setup.exe": b"x"})


def in_the_slack(archive: bytes) -> bytes:
    """Behind the end of a stream, in its last sector, which is the stream's all the same."""
    letter = compound({"Data": b"x" * (SMALLEST + 1), "WordDocument": WORD_STREAM})
    at = letter.rfind(b"x") + 1
    assert len(archive) < 511
    return letter[:at] + archive + letter[at + len(archive) :]


@pytest.mark.parametrize(
    ("name", "content", "check"),
    [
        # .doc: outside of every stream
        ("a.doc", a_letter(a_theme()) + a_theme(), "polyglot"),
        ("a.doc", a_letter(a_theme()) + a_zip({"a.txt": b"x"}) + b"\x00" * 100_000, "polyglot"),
        ("a.doc", a_letter(unused=a_zip({"a.txt": b"x"})), "polyglot"),
        ("a.doc", in_the_slack(a_zip({"a.txt": b"x"})), "polyglot"),
        ("a.doc", a_letter() + written({"a.txt": b"x"}, WIDE), "polyglot"),
        ("a.doc", a_letter() + written({"a.txt": b"x"}, replace(WIDE, end="wide")), "polyglot"),
        # .doc: inside of one, and no document
        ("a.doc", a_letter(A_JAR), "content"),
        ("a.doc", a_letter(SETUP), "archive_member"),
        ("a.doc", a_letter(a_zip({"a.txt": PROGRAM})), "archive_member"),
        ("a.doc", a_letter(a_zip({"../a.txt": b"x"})), "path"),
        ("a.doc", a_letter(a_document(more={"word/vbaProject.bin": b"x"})), "macros"),
        ("a.doc", a_letter(a_theme() + SETUP), "archive_member"),
        ("a.doc", compound({"WordDocument": WORD_STREAM, "Small": SETUP}), "archive_member"),
        # PDF: not in a stream
        ("a.pdf", PDF + a_zip({"a.txt": b"x"}), "polyglot"),
        ("a.pdf", PDF + a_zip({"a.txt": b"x"}) + b"%" * 120_000, "polyglot"),
        ("a.pdf", PDF.replace(b"trailer", a_zip({"a.txt": b"x"}) + b"\ntrailer"), "polyglot"),
        ("a.pdf", PDF + b"stream\n" + a_zip({"a.txt": b"x"}) + b"\nendstream", "polyglot"),
        ("a.pdf", a_pdf_with(b"x" + a_zip({"a.txt": b"x"})), "polyglot"),
        ("a.pdf", a_pdf_with(a_zip({"a.txt": b"x"}) + b"x" * 20), "polyglot"),
        ("a.pdf", PDF + written({"a.txt": b"x"}, replace(WIDE, end="wide")), "polyglot"),
        # PDF: in one, and a program
        ("a.pdf", a_pdf_with(A_JAR), "content"),
        ("a.pdf", a_pdf_with(SETUP, behind=200_000), "archive_member"),
        ("a.pdf", a_pdf_with(a_zip({"a.zip": SETUP}, method=zipfile.ZIP_STORED)), None),
        ("a.pdf", a_pdf_with(a_document(more={"word/vbaProject.bin": b"x"})), "macros"),
        # pictures
        ("a.png", PNG + written({"a.txt": b"x"}, replace(WIDE, end="wide")), "polyglot"),
        ("a.jpg", JPEG + a_zip({"a.txt": b"x"}) + b"\x00" * 100_000, "polyglot"),
    ],
)
def test_an_archive_in_another_file_is_judged_by_where_it_lies_and_what_it_holds(
    name: str, content: bytes, check: str | None
) -> None:
    assert refused_by(name, content) == check


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.doc", a_letter((b"PK\5\6" + b"\x00" * 18) * 50_000)),
        ("a.doc", a_letter(b"PK\1\2" + b"\x00" * 60 + (
            b"PK\5\6" + struct.pack("<4H2IH", 0, 0, 1, 1, 64, 0, 0)) * 50_000)),
        ("a.png", PNG + (b"PK\5\6" + b"\xee" * 18) * 100_000),
        ("a.pdf", a_pdf_with((b"PK\5\6" + b"\xee" * 18) * 100_000)),
        ("a.zip", b"PK\3\4" + b"PK\5\6" * 300_000),
    ],
    ids=["doc of ends", "doc of ends and a directory", "png", "pdf", "zip"],
)  # fmt: skip
def test_many_marks_of_archives_cost_no_time(name: str, content: bytes) -> None:
    began = time.monotonic()

    refused_by(name, content)

    assert time.monotonic() - began < 1
