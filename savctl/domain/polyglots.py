"""Files that are two things at once: a picture that is also an archive, a PDF or a page."""

from __future__ import annotations

from typing import BinaryIO

from savctl.domain.file_types import FileRefused
from savctl.domain.zips import END

PIECE = 65_536
_SCRIPTS = (b"<?php", b"<script")
_LONGEST = max(len(script) for script in _SCRIPTS)


def check_single(content: BinaryIO, *, size_bytes: int, is_image: bool) -> None:
    """Pass when the content is nothing else besides what its beginning says.

    Phones write data of their own behind a picture's end; that alone is no harm.

    Raises:
        FileRefused: it can be opened as an archive, too; a picture holds a PDF or a script, or a
            PDF stands behind one.
    """
    if _is_archive_too(content, size_bytes):
        raise FileRefused("polyglot", "the file is an archive as well")
    if not is_image and _begins_as_other(content):
        raise FileRefused("polyglot", "the PDF begins as a page or a script")
    if is_image:
        content.seek(0)
        if b"%PDF-" in content.read(1024):
            raise FileRefused("polyglot", "the picture is a PDF as well")
        if _holds_script(content):
            raise FileRefused("polyglot", "the picture holds a script")


def _begins_as_other(content: BinaryIO) -> bool:
    """Whether a script or markup stands before a PDF: readers look for it in the first KiB."""
    content.seek(0)
    before, mark, _ = content.read(1024).partition(b"%PDF-")
    return bool(mark) and (before.startswith(b"#!") or b"<" in before)


def _is_archive_too(content: BinaryIO, size: int) -> bool:
    """Whether a directory of an archive ends in the tail, wherever its members are."""
    tail_at = max(0, size - END.size - 65_535)
    content.seek(tail_at)
    tail = content.read()
    found = tail.find(b"PK\x05\x06")
    while found >= 0:
        if len(tail) - found >= END.size:
            length = END.unpack_from(tail, found)[5]
            content.seek(max(0, tail_at + found - length))
            if length == 0 or content.read(4) == b"PK\x01\x02":
                return True
        found = tail.find(b"PK\x05\x06", found + 1)
    return False


def _holds_script(content: BinaryIO) -> bool:
    content.seek(0)
    before = b""
    while piece := content.read(PIECE):
        here = (before + piece).lower()
        if any(script in here for script in _SCRIPTS):
            return True
        before = piece[-_LONGEST:]
    return False
