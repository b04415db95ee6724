"""Files made for a test: the smallest that are what they say, and some that are not."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterable, Mapping
from urllib.request import urlopen

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + b"\x00" * 20
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + b"\x00" * 20
GIF = b"GIF89a" + b"\x00" * 20
WEBP = b"RIFF\x12\x00\x00\x00WEBPVP8L" + b"\x00" * 10
PDF = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
PROGRAM = b"MZ\x90\x00\x03" + b"\x00" * 200
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
MACRO_WORD = "application/vnd.ms-word.document.macroEnabled.main+xml"
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD

Members = Mapping[str, bytes] | Iterable[tuple[str, bytes]]


def a_zip(members: Members, *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive of these members, in this order."""
    made = io.BytesIO()
    pairs = members.items() if isinstance(members, Mapping) else members
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, content in pairs:
            archive.writestr(name, content)
    return made.getvalue()


def a_document(
    main: str = WORD,
    part: str = "/word/document.xml",
    *,
    more: Mapping[str, bytes] | None = None,
    types: bytes | None = None,
    method: int = zipfile.ZIP_DEFLATED,
) -> bytes:
    """An Office document whose main part has this type."""
    declared = (
        types
        or (
            '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/'
            f'content-types"><Override PartName="{part}" ContentType="{main}"/></Types>'
        ).encode()
    )
    members = {"[Content_Types].xml": declared, part.removeprefix("/"): b"<x/>", **(more or {})}
    return a_zip(members, method=method)


def a_workbook(**more: bytes) -> bytes:
    """An Excel document."""
    return a_document(EXCEL, "/xl/workbook.xml", more=more)


def an_ole2(*names: str, children: Iterable[int] = ()) -> bytes:
    """A compound file with entries right below the root, chained to the right.

    The indexes in `children` are those of names that hang below the first one instead.
    """
    nested = sorted(children)
    top = [n for n in range(len(names)) if n not in nested]
    entries = [_entry("Root Entry", 5, _FREE, top[0] + 1 if top else _FREE)]
    for at, name in enumerate(names):
        line = nested if at in nested else top
        behind = line[line.index(at) + 1 :]
        child = nested[0] + 1 if at == 0 and nested else _FREE
        entries.append(_entry(name, 2, behind[0] + 1 if behind else _FREE, child))
    while len(entries) % 4:
        entries.append(_entry("", 0, _FREE, _FREE))
    sectors = len(entries) // 4
    chain = [n + 2 for n in range(sectors - 1)] + [_END]
    fat = struct.pack("<128I", _FAT, *chain, *[_FREE] * (127 - sectors))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 16
    header += struct.pack("<5H6x3I", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1)
    header += struct.pack("<6I", 0, 0x1000, _END, 0, _END, 0)
    header += struct.pack("<109I", 0, *[_FREE] * 108)
    return header + fat + b"".join(entries)


def _entry(name: str, kind: int, right: int, child: int) -> bytes:
    text = name.encode("utf-16-le").ljust(64, b"\x00")
    length = (len(name) + 1) * 2 if name else 0
    tail = struct.pack("<HBB3I", length, kind, 1, _FREE, right, child)
    return text + tail + b"\x00" * (128 - len(text) - len(tail))


def sized(name: str, size: int) -> bytes:
    """A file that is what its extension says and has exactly so many bytes."""
    extension = name.rpartition(".")[2]
    if extension in {"txt", "csv"}:
        return b"a" * size
    if extension in {"zip", "docx", "xlsx"}:
        return _stored_to(extension, size)
    start = {
        "png": PNG, "jpg": JPEG, "jpeg": JPEG, "gif": GIF, "webp": WEBP, "pdf": PDF,
        "doc": an_ole2("WordDocument"),
    }[extension]  # fmt: skip
    return start.ljust(size, b"\x00")


def _stored_to(extension: str, size: int) -> bytes:
    def made(filling: int) -> bytes:
        more = {"filling.bin": b"\x01" * filling}
        if extension == "zip":
            return a_zip(more, method=zipfile.ZIP_STORED)
        if extension == "docx":
            return a_document(more=more, method=zipfile.ZIP_STORED)
        part = "/xl/workbook.xml"
        return a_document(EXCEL, part, more=more, method=zipfile.ZIP_STORED)

    return made(size - len(made(0)))


def behind(url: str) -> bytes:
    """What a program of this host gets by a `file:` link."""
    with urlopen(url) as answer:  # noqa: S310 - a link of the store itself
        found: bytes = answer.read()
    return found
