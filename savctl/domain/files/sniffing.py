"""The type of a file by its content, not its name (rules 7.1).

An own sniffer for the eleven types: libmagic takes macro-enabled documents for plain ones and a
CSV that mentions `<html>` for HTML. Other types are named for the message only.
"""

from __future__ import annotations

import re
from typing import BinaryIO

from savctl.domain.files.file_types import OLE2_FAMILY, TEXT_FAMILY, ZIP_FAMILY
from savctl.domain.files.text_content import text_encoding

PROGRAM = "a program"
NESTED = "an archive"
UNKNOWN = "nothing known"
HEAD_BYTES = 4_096
_ISO_AT = 32_769

# An executable or another archive, by its first bytes.
PROGRAMS: tuple[bytes, ...] = (
    b"\x7fELF",
    b"\xca\xfe\xba\xbe",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"dex\n",
    b"L\x00\x00\x00\x01\x14\x02\x00",  # a Windows shortcut
)
ARCHIVES: tuple[bytes, ...] = (
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"PK\x07\x08",
    b"Rar!\x1a\x07",
    b"7z\xbc\xaf\x27\x1c",
    b"\x1f\x8b",
    b"\xfd7zXZ\x00",
    b"\x28\xb5\x2f\xfd",
    b"MSCF\x00\x00",
)
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"PK\x03\x04", ZIP_FAMILY),
    (b"PK00PK\x03\x04", ZIP_FAMILY),  # what was to be several parts, and is one
    (b"PK\x07\x08PK\x03\x04", ZIP_FAMILY),
    (b"PK\x05\x06", ZIP_FAMILY),  # without a member
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLE2_FAMILY),
    (b"{\\rtf", "application/rtf"),
    (b"%!PS", "application/postscript"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
)
_MARKUP = re.compile(
    rb"(?>\s|<!--.*?-->)*+<(!doctype\s|\?xml\b|\?php|svg\b|html\b|head\b|body\b|"
    rb"script\b|iframe\b|style\b|title\b|table\b|div\b|font\b|h1\b|br\b|a\b|b\b|p\b|!--)",
    re.IGNORECASE | re.DOTALL,
)
_BZIP2 = re.compile(rb"BZh[1-9](1AY&SY|\x17\x72\x45\x38\x50\x90)")


def sniff(content: BinaryIO, *, size_bytes: int) -> str:
    """The type of the content; containers of one family, and texts, have one name."""
    content.seek(0)
    head = content.read(HEAD_BYTES)
    binary = _binary(head) or _far(content, size_bytes)
    if binary is not None:
        return binary
    if b"%PDF-" in head[:1024]:
        return "application/pdf"
    encoding = text_encoding(content)
    if encoding is None:
        return UNKNOWN
    plain = _plain(head, encoding)
    if plain.startswith(b"#!"):
        return PROGRAM
    return "markup" if _MARKUP.match(plain) else TEXT_FAMILY


def nested(head: bytes) -> str | None:
    """Whether the beginning of an archive's member is that of a program or another archive."""
    if head.startswith(PROGRAMS) or _is_windows_program(head):
        return PROGRAM
    is_archive = head.startswith(ARCHIVES) or _BZIP2.match(head) or head[257:262] == b"ustar"
    return NESTED if is_archive else None


def _binary(head: bytes) -> str | None:
    for magic, mime in _SIGNATURES:
        if head.startswith(magic):
            return mime
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp":
        return f"a media file ({head[8:12].decode('ascii', 'replace')})"
    if head[:2] == b"BM" and b"\x00" in head[:16]:
        return "image/bmp"
    return nested(head)


def _far(content: BinaryIO, size_bytes: int) -> str | None:
    """Disk images, recognised by bytes far inside or at the end."""
    content.seek(_ISO_AT)
    if content.read(5) == b"CD001":
        return "a disk image"
    if size_bytes >= 512:
        content.seek(size_bytes - 512)
        if content.read(8) == b"koly\x00\x00\x00\x04":
            return "a disk image"
    return None


def _is_windows_program(head: bytes) -> bool:
    """`MZ` may begin a text, too; a program has zeros."""
    return head[:2] == b"MZ" and b"\x00" in head[:256]


def _plain(head: bytes, encoding: str) -> bytes:
    """The head of a text as ASCII has it, without a mark of its encoding."""
    if encoding.startswith(("utf-16", "utf-32")):
        head = head.decode(encoding, "replace").encode("utf-8", "replace")
    return head.removeprefix(b"\xef\xbb\xbf")
