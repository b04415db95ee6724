"""Genuine files of allowed types are never refused, whoever wrote them (rules 20.8).

Programs that must be installed are asked in tests/outside/test_other_programs.py.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import docx
import openpyxl
import pytest
import xlsxwriter

from tests.files import making
from tests.files.content.ole2_writer import SMALLEST, WORD, a_letter, a_theme, compound
from tests.files.content.producers import ARCHIVERS, PRODUCERS, document, imitated, winzip
from tests.files.content.test_limits import refused_by
from tests.files.content.zip_writer import Layout, written
from tests.files.making import PDF, PNG, a_document, a_zip

IMITATIONS = {producer.name: producer for producer in PRODUCERS}


def by_openpyxl(n: int) -> bytes:
    book, made = openpyxl.Workbook(), io.BytesIO()
    for row in range(n % 40):
        book.active.append([row, f"é {n}", 1.5, None, True])
    for sheet in range(n % 5):
        book.create_sheet(f"Blatt {sheet}")
    book.save(made)
    return made.getvalue()


def by_xlsxwriter(n: int) -> bytes:
    made = io.BytesIO()
    book = xlsxwriter.Workbook(made, {"in_memory": True, "constant_memory": n % 3 == 0})
    if n % 4 == 0:
        book.use_zip64()
    sheet = book.add_worksheet()
    for row in range(n % 50):
        sheet.write_row(row, 0, [row, f"日本 {n}", 0.1])
    if n % 2:
        chart = book.add_chart({"type": "column"})
        chart.add_series({"values": "=Sheet1!$A$1:$A$9"})
        sheet.insert_chart("D2", chart)
    book.close()
    return made.getvalue()


def by_python_docx(n: int) -> bytes:
    letter, made = docx.Document(), io.BytesIO()
    letter.add_heading(f"Order {n}")
    for _ in range(n % 7):
        letter.add_paragraph("Grüße, ça va?")
    letter.add_table(rows=1 + n % 4, cols=2)
    letter.save(made)
    return made.getvalue()


LIBRARIES: tuple[tuple[str, str, Callable[[int], bytes], int], ...] = (
    ("openpyxl", "xlsx", by_openpyxl, 60),
    ("XlsxWriter", "xlsx", by_xlsxwriter, 80),
    ("python-docx", "docx", by_python_docx, 30),
)


def test_none_of_1500_documents_and_archives_of_29_programs_is_refused() -> None:
    refused = [
        f"{program} {name}: {check}"
        for program, name, make in imitated(35)
        if (check := refused_by(name, make())) is not None
    ]

    made = list(imitated(35))
    assert (len(made), len({program for program, _, _ in made})) == (1_540, 29)
    assert refused == []


@pytest.mark.parametrize(
    ("library", "extension", "make", "count"), LIBRARIES, ids=[library[0] for library in LIBRARIES]
)
def test_what_the_libraries_write_is_taken(
    library: str, extension: str, make: Callable[[int], bytes], count: int
) -> None:
    refused = {n: check for n in range(count) if (check := refused_by(f"a.{extension}", make(n)))}

    assert refused == {}, library


@pytest.mark.parametrize("name", IMITATIONS)
def test_an_imitation_is_a_document_to_an_independent_reader(name: str) -> None:
    """What Python's own reader cannot open would prove nothing."""
    producer = IMITATIONS[name]
    made = document(producer, producer.makes[-1])

    with zipfile.ZipFile(io.BytesIO(made)) as read:
        assert read.testzip() is None
        assert len(read.namelist()) >= 6


@pytest.mark.parametrize("name", ARCHIVERS)
def test_an_archive_is_one_to_an_independent_reader(name: str) -> None:
    made = written({"a.txt": b"text" * 50, "b/c.txt": b""}, ARCHIVERS[name])

    with zipfile.ZipFile(io.BytesIO(made)) as read:
        assert read.read("a.txt") == b"text" * 50
    assert refused_by("a.zip", made) is None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        # Word 97 to 2003 files of Word 2007 and later
        ("theme.doc", a_letter(a_theme())),
        ("theme, scattered.doc", a_letter(a_theme(), scattered=True)),
        ("theme alone.doc", compound({"WordDocument": WORD, "Theme": a_theme()})),
        ("sheet inside.doc", compound({
            "WordDocument": WORD, "Package": making.a_workbook().ljust(SMALLEST, b"\x00"),
        })),
        ("archive inside.doc", a_letter(a_zip({"old.zip": a_zip({"a.txt": b"x"})}))),
        # documents in documents, gzipped drawings, and more parts than an archive may have
        ("merged.docx", a_document(more={"word/afchunk1.docx": a_document()})),
        ("table.docx", a_document(more={r"word\embeddings\table.xlsx": making.a_workbook()})),
        ("drawing.docx", a_document(more={"word/media/image1.emz": b"\x1f\x8b\x08" + b"x" * 90})),
        ("white.docx", a_document(more={"word/media/image1.bmp": b"\xff" * 4_000_000})),
        ("many.xlsx", a_document(
            making.EXCEL, "/xl/workbook.xml",
            more={f"xl/media/image{n}.png": PNG for n in range(1_500)},
        )),
        # archives
        ("site.zip", a_zip({"www.example.com/": b"", "www.example.com/index.html": b"<html>"})),
        ("mac.zip", a_zip({"a/Icon\r": b"x", "__MACOSX/a/._b.jpg": b"\x00\x05\x16\x07"})),
        ("german.zip", winzip({"\xd6lf\xe4sser.txt": "Ölfässer.txt", "Ç_1.txt": "€_1.txt"})),
        ("escaped.zip", winzip({"%U00D6l.txt": "Öl.txt"})),
        ("folders.zip", written({"a\\b.txt": b"x", "a\\c.txt": b"y"}, Layout())),
    ],
)  # fmt: skip
def test_what_else_programs_write_is_taken(name: str, content: bytes) -> None:
    assert refused_by(name, content) is None


def a_pdf_with(attached: bytes, *, behind: int = 0, line: bytes = b"\r\n") -> bytes:
    """A PDF with an attachment as it is, and an object of so many bytes behind it."""
    head = b"4 0 obj\n<</Type /EmbeddedFile /Length %d>>\nstream" % len(attached)
    stream = head + line + attached + line + b"endstream\nendobj\n"
    other = b"5 0 obj\n<<>>\nstream\n" + b"0" * behind + b"\nendstream\nendobj\n"
    return PDF.replace(b"trailer", stream + other + b"trailer") + b"startxref\n9\n%%EOF\n"


@pytest.mark.parametrize("behind", [0, 60_000, 65_500, 66_000, 120_000, 1_000_000])
@pytest.mark.parametrize("line", [b"\n", b"\r\n"])
@pytest.mark.parametrize(
    "attached",
    [making.a_workbook(), a_zip({"a.xlsx": making.a_workbook()}, method=zipfile.ZIP_STORED),
     document(IMITATIONS["everything in zip64"], "xlsx"), b"<?xml version='1.0'?><Invoice/>"],
    ids=["workbook", "archive of a workbook", "zip64", "Factur-X"],
)  # fmt: skip
def test_an_attachment_of_a_pdf_is_let_be_wherever_it_stands(
    attached: bytes, line: bytes, behind: int
) -> None:
    assert refused_by("invoice.pdf", a_pdf_with(attached, behind=behind, line=line)) is None
