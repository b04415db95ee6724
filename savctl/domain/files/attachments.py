"""Whether a file may be attached (rules 7.1; docs/attachments.md).

A file is judged as hostile input: name, size, content compared with the extension, and then what
is special to its kind. Nothing is opened here: content is a stream that can be read from any
place, and it is read in bounded pieces.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from savctl.domain.files.archives import check_zip
from savctl.domain.files.file_names import FileName, file_name
from savctl.domain.files.file_types import (
    BY_EXTENSION,
    DOC,
    DOCX,
    MB,
    OLE2_FAMILY,
    PDF,
    XLSX,
    ZIP,
    FileRefused,
    FileType,
)
from savctl.domain.files.ole2 import directory, is_encrypted
from savctl.domain.files.ooxml import check_document
from savctl.domain.files.polyglots import check_pdf, check_picture, check_word
from savctl.domain.files.sniffing import sniff


@dataclass(frozen=True, slots=True)
class Accepted:
    """A file that may be attached."""

    name: FileName
    type: FileType


def examine(name: str, content: BinaryIO, *, size_bytes: int) -> Accepted:
    """The file's stored name and type, when it may be attached.

    Raises:
        FileRefused: `check` names the check that refused it.
    """
    accepted = name_and_type(name)
    _check_size(accepted.type, size_bytes)
    found = sniff(content, size_bytes=size_bytes)
    if found != accepted.type.content:
        if found == OLE2_FAMILY and accepted.type in {DOCX, XLSX} and is_encrypted(content):
            raise FileRefused(
                "encrypted",
                "the document is protected by a password",
                hint="Send it without: it cannot be looked into.",
            )
        raise FileRefused(
            "content",
            f"the content is {found}, the extension means {accepted.type.mime}",
            hint="Extension and content must agree.",
        )
    _check_kind(accepted.type, content, size_bytes)
    return accepted


def name_and_type(name: str) -> Accepted:
    """What follows from the name alone.

    Raises:
        FileRefused: the name deceives, or its extension is not on the list.
    """
    known = file_name(name)
    kind = BY_EXTENSION.get(known.extension)
    if kind is None:
        raise FileRefused(
            "type",
            f".{known.extension[:40]} files are not on the list of allowed types",
            hint=f"Allowed: {', '.join(sorted(BY_EXTENSION))}.",
        )
    return Accepted(known, kind)


def _check_size(kind: FileType, size_bytes: int) -> None:
    if size_bytes == 0:
        raise FileRefused("empty", "the file is empty")
    if size_bytes > kind.limit_bytes:
        limit = kind.limit_bytes // MB
        raise FileRefused(
            "size", f"the file has {size_bytes} bytes; {kind.mime} may have {limit} MB"
        )


def _check_kind(kind: FileType, content: BinaryIO, size_bytes: int) -> None:
    if kind is ZIP:
        check_zip(content, size_bytes=size_bytes)
    elif kind in {DOCX, XLSX}:
        check_document(content, kind, size_bytes=size_bytes)
    elif kind is DOC:
        _check_directory(content)
        check_word(content)
    elif kind is PDF:
        check_pdf(content)
    elif kind.mime.startswith("image/"):
        check_picture(content)


def _check_directory(content: BinaryIO) -> None:
    names = directory(content)
    if not names.is_word:
        raise FileRefused("content", "the document is not of Word, unlike its extension")
    if names.has_macros:
        raise FileRefused("macros", "the document holds macros")
