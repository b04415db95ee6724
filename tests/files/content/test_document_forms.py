"""Documents that hide macros, programs or another document behind a genuine form (rules 20.8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.files.content.ole2_writer import SMALLEST, compound
from tests.files.content.producers import LINKS, OFFICE, PRODUCERS, TYPES, document, winzip
from tests.files.content.test_limits import refused_by
from tests.files.content.zip_writer import Layout
from tests.files.making import EXCEL, WORD, a_document, a_zip

MACRO_BOOK = "application/vnd.ms-excel.sheet.macroEnabled.main+xml"
VBA_LINK = "http://schemas.microsoft.com/office/2006/relationships/vbaProject"
MACRO_SHEET_LINK = "http://schemas.microsoft.com/office/2006/relationships/xlMacrosheet"
A_MACRO_BOOK = a_document(MACRO_BOOK, "/xl/workbook.xml")


SDK = next(producer for producer in PRODUCERS if producer.name == "Open XML SDK")


def a_package(
    types: str, links: Mapping[str, str] | None = None, more: Mapping[str, bytes] | None = None
) -> bytes:
    """A package with these lines of content types, and these links: target to kind."""
    lines = "".join(
        f'<Relationship Type="{kind}" Target="{target}" Id="R{n}"/>'
        for n, (target, kind) in enumerate((links or {}).items())
    )
    members = {
        "[Content_Types].xml": f'<Types xmlns="{TYPES}">{types}</Types>'.encode(),
        "_rels/.rels": f'<Relationships xmlns="{LINKS}">{lines}</Relationships>'.encode(),
        "word/document.xml": b"<x/>",
        "xl/workbook.xml": b"<x/>",
        **(more or {}),
    }
    return a_zip(members)


def default(extension: str, kind: str) -> str:
    return f'<Default Extension="{extension}" ContentType="{kind}"/>'


def override(part: str, kind: str) -> str:
    return f'<Override PartName="{part}" ContentType="{kind}"/>'


OPENS_WORD = {"/word/document.xml": f"{OFFICE}/officeDocument"}


def linked_from_a_part(kind: str) -> bytes:
    """A document whose main part refers to a part of harmless type by a link of this kind."""
    link = f'<Relationship Type="{kind}" Target="x.bin" Id="R1"/>'
    return a_package(
        default("xml", WORD) + default("bin", "application/octet-stream"),
        OPENS_WORD,
        {
            "word/_rels/document.xml.rels": f"<Relationships>{link}</Relationships>".encode(),
            "word/x.bin": b"compressed beyond recognition",
        },
    )


@pytest.mark.parametrize(
    ("name", "content", "check"),
    [
        # macros by way of an extension's type, in any case and with parameters
        ("a.xlsx", a_package(default("xml", MACRO_BOOK), OPENS_WORD), "macros"),
        ("a.docx", a_package(default("XML", MACRO_BOOK.upper()), OPENS_WORD), "macros"),
        ("a.docx", a_package(default("xml", WORD) + default("b", "x/vbaProject")), "macros"),
        # by way of a link
        ("a.docx", linked_from_a_part(VBA_LINK), "macros"),
        ("a.xlsx", linked_from_a_part(MACRO_SHEET_LINK), "macros"),
        # by name, with the other separator
        ("a.docx", a_document(more={"word\\vbaProject.bin": b"x"}), "macros"),
        ("a.docx", a_document(more={"WORD/VBAPROJECT.BIN": b"x"}), "macros"),
        # the main part is another than it seems
        ("a.docx", a_package(default("xml", EXCEL), OPENS_WORD), "content"),
        ("a.docx", a_package(
            default("xml", WORD) + override("/xl/workbook.xml", EXCEL), OPENS_WORD), "content"),
        ("a.docx", a_package(
            default("xml", EXCEL) + override("/word/document.xml", WORD), OPENS_WORD), "content"),
        ("a.docx", a_package(override("/word/document.xml", WORD),
            {"/xl/workbook.xml": f"{OFFICE}/officeDocument"}), "content"),
        ("a.docx", a_package(override("/word/document.xml", WORD),
            {**OPENS_WORD, "word/other.dat": f"{OFFICE}/officeDocument"}), "content"),
        ("a.docx", a_package(override("/word/document.xml", WORD),
            {"word/missing.xml": f"{OFFICE}/officeDocument"}), "content"),
        ("a.docx", a_package(default("xml", WORD)), "content"),  # nothing is opened first
        ("a.docx", a_package(default("xml", WORD.replace("document.main", "template.main")),
            OPENS_WORD), "content"),
        # declared in two ways
        ("a.docx", a_package(default("xml", WORD) + default("XML", EXCEL), OPENS_WORD), "content"),
        ("a.docx", a_package(override("/word/document.xml", WORD)
            + override("/WORD/document.xml", EXCEL), OPENS_WORD), "content"),
        ("a.docx", a_document(more={"word\\document.xml": b"<y/>"}), "archive"),
        ("a.docx", a_document(more={"Word\\Document.xml": b"<y/>"}), "archive"),
        ("a.docx", a_document(more={"[CONTENT_TYPES].XML": b"<Types/>"}), "archive"),
        ("a.docx", winzip({"[Content_Types].xml": "[Content_Types].xml", "a.xml": "b.xml"},
            b"<Types/>"), "archive"),
        # paths and programs, with the other separator
        ("a.docx", a_document(more={"word\\..\\..\\a.xml": b"x"}), "path"),
        ("a.docx", a_document(more={"word\\setup.exe": b"x"}), "archive_member"),
        ("a.zip", document(replace(SDK, layout=Layout(separator="\\")), "docx"), "content"),
        ("a.zip", a_zip({"[CONTENT_TYPES].XML": b"<Types/>"}), "content"),
        # archives in parts
        ("a.docx", a_document(more={"word/x.bin": a_zip({"a": b"x"})}), "archive_member"),
        ("a.docx", a_document(more={"word/x.bin": b"\x1f\x8b\x08"}), "archive_member"),
        ("a.docx", a_document(more={"word/media/x.emz": a_zip({"a": b"x"})}), "archive_member"),
        ("a.docx", a_document(more={"word/embeddings/x.xlsx": A_MACRO_BOOK}), "macros"),
        ("a.docx", a_document(more={"word\\embeddings\\x.bin": A_MACRO_BOOK}), "macros"),
        ("a.docx", a_document(more={"word/afchunk.docx": a_document(
            more={"word/vbaProject.bin": b"x"})}), "macros"),
        ("a.docx", a_document(more={"word/_rels/a.rels": b"<!DOCTYPE x []><x/>"}), "content"),
    ],
)  # fmt: skip
def test_a_document_that_hides_something_is_refused(name: str, content: bytes, check: str) -> None:
    assert refused_by(name, content) == check


def test_links_beyond_measure_are_a_bomb() -> None:
    links = {"word/_rels/a.rels": b" " * 66_000_000, "word/_rels/b.rels": b" " * 2_000_000}
    assert refused_by("a.docx", a_document(more=links)) == "bomb"


@pytest.mark.slow("unpacks half a gigabyte")
def test_pictures_beyond_measure_are_a_bomb() -> None:
    pictures = {f"word/{n}.bmp": b"\x00" * 64_000_000 for n in range(9)}
    assert refused_by("a.docx", a_document(more=pictures)) == "bomb"


def test_types_by_extension_alone_are_no_way_around_the_checks() -> None:
    """The controls of the fakes above: the same package, honest."""
    assert refused_by("a.docx", a_package(default("xml", WORD), OPENS_WORD)) is None
    assert refused_by("a.docx", linked_from_a_part(f"{OFFICE}/image")) is None
    assert refused_by("a.docx", a_document(more={"word/afchunk.docx": a_document()})) is None


def test_a_document_with_a_password_is_named_so() -> None:
    locked = compound({"EncryptionInfo": b"x" * SMALLEST, "EncryptedPackage": b"x" * SMALLEST})

    assert refused_by("a.docx", locked) == "encrypted"
    assert refused_by("a.xlsx", locked) == "encrypted"
    assert refused_by("a.doc", locked) == "content"


@pytest.mark.parametrize("encoding", ["nobody-knows", "rot13", "utf-7", "hex"])
def test_types_in_an_odd_encoding_are_refused_and_break_nothing(encoding: str) -> None:
    types = f'<?xml version="1.0" encoding="{encoding}"?><Types>{override("/a.xml", WORD)}</Types>'

    assert refused_by("a.docx", a_document(types=types.encode())) == "content"
