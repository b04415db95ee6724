"""Archives inside another file: part of it, or a second file in its skin.

A PDF may carry attachments, and Word keeps the theme of a .doc as a small zip in one of its
streams. Such an archive lies wholly inside the container's own structure. One that was put before
or behind, or into a gap, makes two files of one. Zip programs find an archive by its directory,
so every directory in the file is looked at, wherever it stands.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from savctl.domain.files import zips
from savctl.domain.files.archives import (
    FREE_PART_BYTES,
    Allowance,
    check_members,
    check_path,
    require_no_program,
)
from savctl.domain.files.file_types import FileRefused
from savctl.domain.files.unpack_budget import UnpackBudget
from savctl.domain.files.zip_end import END, END_MARK, LOCATOR_MARK, ZipEnd, end_at

PIECE = 65_536
_CENTRAL = struct.Struct("<28x3H12x")
_LONGEST_NAMES = 2_097_152
_MAX_MARKS = 1_000  # by chance there is one in 400 files of 10 MB
_STREAM_BEGINS = re.compile(rb"stream(\r\n|\n|\r)$")
_STREAM_ENDS = re.compile(rb"[\r\n\x00 ]{0,16}endstream\b")
_PDF_ENDS = (b"startxref", b"%%EOF")


@dataclass(frozen=True, slots=True, kw_only=True)
class Nested:
    """An archive somewhere in a file; `begins_at` counts only as far as its directory is true."""

    begins_at: int
    directory_at: int
    directory_length: int
    ends_at: int


def nested_zips(content: BinaryIO) -> Iterator[Nested]:
    """Every archive whose directory can be found, the last one first.

    Raises:
        FileRefused: there is no end of them.
    """
    for place in reversed(_end_marks(content)):
        content.seek(max(0, place - 20))
        before = content.read(place - max(0, place - 20))
        content.seek(place)
        raw = content.read(END.size)
        if len(raw) < END.size:
            continue
        try:
            end = end_at(content, place)
        except FileRefused:
            end = _plain_end(raw, place)
        content.seek(max(0, end.directory_at))
        is_directory = content.read(4) == b"PK\x01\x02"
        if is_directory or end.length == 0 or before.startswith(LOCATOR_MARK):
            yield Nested(
                begins_at=end.begins_at,
                directory_at=max(0, end.directory_at),
                directory_length=end.length,
                ends_at=end.ends_at,
            )


def is_pdf_stream(content: BinaryIO, found: Nested) -> bool:
    """Whether the archive is one whole stream of a PDF that goes on behind it."""
    if found.begins_at < 8:
        return False
    content.seek(found.begins_at - 8)
    if not _STREAM_BEGINS.search(content.read(8)):
        return False
    content.seek(found.ends_at)
    rest = content.read()
    return bool(_STREAM_ENDS.match(rest)) and any(mark in rest for mark in _PDF_ENDS)


def is_within(found: Nested, spans: list[tuple[int, int]]) -> bool:
    """Whether directory and end lie inside one of these parts of the file."""
    return any(begins <= found.directory_at and found.ends_at <= ends for begins, ends in spans)


def check_nested(content: BinaryIO, found: Nested, budget: UnpackBudget) -> None:
    """Pass when nothing in the archive is a program or holds macros.

    The names are read as they stand; what is in it, where it can be read as an archive. A stream
    that is spread over its file cannot, and nobody finds its members.

    Raises:
        FileRefused: something in it is refused.
    """
    for name in _names(content, found):
        check_path(name)
        if name.lower().endswith("vbaproject.bin"):
            raise FileRefused("macros", "a document in the file holds macros")
    content.seek(max(0, found.begins_at))
    raw = content.read(max(0, found.ends_at - max(0, found.begins_at)))
    budget.take(len(raw))
    try:
        inside = io.BytesIO(raw)
        members = zips.members(inside, size_bytes=len(raw))
    except FileRefused as refusal:
        if refusal.check != "archive":
            raise
        return
    require_no_program(members)
    # Who attaches an archive to a document may attach one with archives in it.
    allowed = Allowance(budget=budget, free=FREE_PART_BYTES, may_nest=lambda *_: True)
    check_members(inside, members, allowed=allowed)


def _names(content: BinaryIO, found: Nested) -> Iterator[str]:
    content.seek(found.directory_at)
    raw = content.read(min(found.directory_length, _LONGEST_NAMES))
    at = 0
    while raw.startswith(b"PK\x01\x02", at) and at + 46 <= len(raw):
        name_length, extra_length, comment_length = _CENTRAL.unpack_from(raw, at)
        yield raw[at + 46 : at + 46 + name_length].decode("utf-8", "replace")
        at += 46 + name_length + extra_length + comment_length


def _plain_end(raw: bytes, place: int) -> ZipEnd:
    _, _, _, _, count, length, at, comment = END.unpack(raw)
    return ZipEnd(
        directory_at=place - length, declared_at=at, length=length, count=count,
        ends_at=place + END.size + comment,
    )  # fmt: skip


def _end_marks(content: BinaryIO) -> list[int]:
    content.seek(0)
    places, before, at = list[int](), b"", 0
    while piece := content.read(PIECE):
        here = before + piece
        found = here.find(END_MARK)
        while found >= 0:
            places.append(at - len(before) + found)
            if len(places) > _MAX_MARKS:
                raise FileRefused("polyglot", f"the file has marks of over {_MAX_MARKS} archives")
            found = here.find(END_MARK, found + 1)
        before = here[-3:]
        at += len(piece)
    return places
