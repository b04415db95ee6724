"""Files that are two things at once: a picture that is also an archive, a PDF or a page."""

from __future__ import annotations

from typing import BinaryIO

from savctl.domain.files.archives import MAX_PARTS_BYTES
from savctl.domain.files.file_types import FileRefused
from savctl.domain.files.nested_zips import (
    Nested,
    check_nested,
    is_pdf_stream,
    is_within,
    nested_zips,
)
from savctl.domain.files.ole2 import stream_spans
from savctl.domain.files.unpack_budget import UnpackBudget

PIECE = 65_536
_SCRIPTS = (b"<?php", b"<script")
_LONGEST = max(len(script) for script in _SCRIPTS)


def check_picture(content: BinaryIO) -> None:
    """Pass when a picture is nothing else besides.

    Phones write data of their own behind a picture's end; that alone is no harm.

    Raises:
        FileRefused: an archive, a PDF or a script is in it.
    """
    for _ in nested_zips(content):
        raise _archive_too()
    content.seek(0)
    if b"%PDF-" in content.read(1024):
        raise FileRefused("polyglot", "the picture is a PDF as well")
    if _holds_script(content):
        raise FileRefused("polyglot", "the picture holds a script")


def check_pdf(content: BinaryIO) -> None:
    """Pass when a PDF is nothing else; what is attached to it lies in one of its streams.

    Raises:
        FileRefused: an archive lies elsewhere or holds a program, or a page stands before the PDF.
    """
    attached: list[Nested] = []
    budget = UnpackBudget(MAX_PARTS_BYTES)
    for found in nested_zips(content):
        if any(a.begins_at <= found.directory_at and found.ends_at <= a.ends_at for a in attached):
            continue  # inside one that was looked into
        if not is_pdf_stream(content, found):
            raise _archive_too()
        check_nested(content, found, budget)
        attached.append(found)
    if _begins_as_other(content):
        raise FileRefused("polyglot", "the PDF begins as a page or a script")


def check_word(content: BinaryIO) -> None:
    """Pass when a .doc is nothing else; Word keeps themes and documents in its streams as zips.

    Raises:
        FileRefused: an archive lies outside of the streams, or holds a program.
    """
    spans: list[tuple[int, int]] | None = None
    budget = UnpackBudget(MAX_PARTS_BYTES)
    for found in nested_zips(content):
        spans = stream_spans(content) if spans is None else spans
        if not is_within(found, spans):
            raise _archive_too()
        check_nested(content, found, budget)


def _archive_too() -> FileRefused:
    return FileRefused("polyglot", "the file is an archive as well")


def _begins_as_other(content: BinaryIO) -> bool:
    """Whether a script or markup stands before a PDF: readers look for it in the first KiB."""
    content.seek(0)
    before, mark, _ = content.read(1024).partition(b"%PDF-")
    return bool(mark) and (before.startswith(b"#!") or b"<" in before)


def _holds_script(content: BinaryIO) -> bool:
    content.seek(0)
    before = b""
    while piece := content.read(PIECE):
        here = (before + piece).lower()
        if any(script in here for script in _SCRIPTS):
            return True
        before = piece[-_LONGEST:]
    return False
