"""OLE2 compound files with streams, as Word 97 to 2003 files are (MS-CFB)."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from tests.files.making import a_zip

SECTOR, FREE, END_OF_CHAIN, FAT = 512, 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
SMALLEST = 4096  # shorter streams share one, in pieces of 64 bytes
WORD = struct.pack("<2H", 0xA5EC, 0xC1).ljust(SMALLEST, b"\x00")
THEME = {
    "[Content_Types].xml": b"<Types/>",
    "_rels/.rels": b"<Relationships/>",
    "theme/theme/themeManager.xml": b"<a/>",
    "theme/theme/theme1.xml": b"<a>" + b"<b/>" * 500 + b"</a>",
    "theme/theme/_rels/themeManager.xml.rels": b"<Relationships/>",
}


def compound(
    streams: Mapping[str, bytes], *, unused: bytes = b"", scattered: bool = False
) -> bytes:
    """A file with these streams right below the root; `unused` lies in sectors of no stream.

    With `scattered` the sectors of every stream stand with one of nothing between them.
    """
    sectors: list[bytes] = []
    chain: list[int] = []

    def put(content: bytes, gap: int = 1) -> int:
        pieces = [content[at : at + SECTOR] for at in range(0, len(content), SECTOR)]
        first = len(sectors)
        for number, piece in enumerate(pieces):
            sectors.append(piece.ljust(SECTOR, b"\x00"))
            chain.append(len(chain) + gap if number < len(pieces) - 1 else END_OF_CHAIN)
            for _ in range(gap - 1):
                sectors.append(b"\x00" * SECTOR)
                chain.append(FREE)
        return first

    small = b"".join(c.ljust(-(-len(c) // 64) * 64, b"\x00") for c in streams.values()
                     if len(c) < SMALLEST)  # fmt: skip
    entries, at = [_entry("Root Entry", 5, child=1 if streams else FREE)], 0
    for number, (name, content) in enumerate(streams.items(), 1):
        right = number + 1 if number < len(streams) else FREE
        if len(content) < SMALLEST:
            first, at = at // 64, at + -(-len(content) // 64) * 64
        else:
            first = put(content, 2 if scattered else 1)
        entries.append(_entry(name, 2, right=right, first=first, length=len(content)))
    minis = len(small) // 64
    table = struct.pack(f"<{minis}I", *range(1, minis), END_OF_CHAIN) if minis else b""
    small_at = put(small) if small else END_OF_CHAIN
    table_at = put(table.ljust(SECTOR, b"\xff")) if small else END_OF_CHAIN
    entries[0] = _entry(
        "Root Entry", 5, child=1 if streams else FREE, first=small_at, length=len(small)
    )
    for piece in range(0, len(unused), SECTOR):
        sectors.append(unused[piece : piece + SECTOR].ljust(SECTOR, b"\x00"))
        chain.append(FREE)
    directory_at = put(b"".join(entries))
    per = SECTOR // 4
    fats = -(-(len(chain) + 1) // (per - 1))
    places = range(len(chain), len(chain) + fats)
    chain += [FAT] * fats
    chain += [FREE] * (fats * per - len(chain))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 16
    header += struct.pack("<5H6x3I", 0x3E, 3, 0xFFFE, 9, 6, 0, fats, directory_at)
    header += struct.pack("<6I", 0, SMALLEST, table_at, 1 if small else 0, END_OF_CHAIN, 0)
    header += struct.pack("<109I", *places, *[FREE] * (109 - fats))
    return header + b"".join(sectors) + struct.pack(f"<{len(chain)}I", *chain)


def a_letter(table: bytes = b"", **how: object) -> bytes:
    """A Word document whose table stream holds this."""
    stream = (b"\x00" * 2000 + table).ljust(2 * SMALLEST, b"\x00")
    return compound({"WordDocument": WORD, "1Table": stream}, **how)  # type: ignore[arg-type]


def a_theme() -> bytes:
    """The small archive in which Word 2007 and later keep a theme."""
    return a_zip(THEME)


def _entry(
    name: str, kind: int, *, right: int = FREE, child: int = FREE, first: int = 0, length: int = 0
) -> bytes:
    text = f"{name}\x00".encode("utf-16-le")
    head = text.ljust(64, b"\x00") + struct.pack("<HBB3I", len(text), kind, 1, FREE, right, child)
    return head.ljust(116, b"\x00") + struct.pack("<2I4x", first, length)
