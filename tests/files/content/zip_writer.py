"""Zip files as each of the field's writers lays them out: where sizes stand, and in which form.

Python's own writer knows one layout; a file must not be judged by that one alone.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

FULL16, FULL = 0xFFFF, 0xFFFFFFFF
UTF8, DESCRIPTOR = 0x800, 0x8
LOCAL, CENTRAL, END = "<4s5H3I2H", "<4s6H3I5H2I", "<4s4H2IH"
Members = Mapping[str, bytes] | Iterable[tuple[str, bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How one writer does it.

    `sizes` in a member's own header: "here", "later" (a descriptor follows), "wide" (in its zip64
    field), "wide later" (both). `descriptor` is its form; `directory` and `end` may be "wide" too.
    """

    version: int = 20
    flags: int = 0
    sizes: str = "here"
    descriptor: str = "<3I"
    has_mark: bool = True
    directory: str = "plain"
    end: str = "plain"
    separator: str = "/"
    padding: Mapping[int, int] = field(default_factory=dict)  # a member's number: bytes of 0xA220
    folders: bool = False
    leaves_empty_out: bool = False
    method: int = 8
    before: bytes = b""
    behind: bytes = b""


def written(members: Members, layout: Layout) -> bytes:
    """An archive of these members."""
    pairs = list(members.items() if isinstance(members, Mapping) else members)
    if layout.folders:
        names = sorted({f"{name.rpartition('/')[0]}/" for name, _ in pairs if "/" in name})
        pairs = [(name, b"") for name in names] + pairs
    body, directory = layout.before, b""
    for number, (name, content) in enumerate(pairs):
        raw_name = name.replace("/", layout.separator).encode()
        local, central = _member(raw_name, content, layout, number, len(body))
        body, directory = body + local, directory + central
    return body + directory + _end(layout, len(pairs), len(directory), len(body)) + layout.behind


def _member(
    name: bytes, content: bytes, layout: Layout, number: int, at: int
) -> tuple[bytes, bytes]:
    is_folder = name.endswith((b"/", b"\\"))
    method = 0 if is_folder else layout.method
    packed = _packed(content, method, layout)
    checksum, sizes = zlib.crc32(content), (len(packed), len(content))
    is_later = "later" in layout.sizes and not is_folder
    flags = layout.flags | (DESCRIPTOR if is_later else 0)
    extra = b""
    if number in layout.padding:
        length = layout.padding[number]
        extra += struct.pack("<4H", 0xA220, length, 0xA028, length) + b"\x00" * (length - 4)
    known = (0, 0, 0) if is_later else (checksum, *sizes)
    if "wide" in layout.sizes:
        extra += struct.pack("<2H2Q", 1, 16, known[2], known[1])
        known = (known[0], FULL, FULL)
    local = struct.pack(
        LOCAL, b"PK\x03\x04", layout.version, flags, method, 0, 0x21, *known, len(name), len(extra)
    )
    local += name + extra + packed
    if is_later:
        mark = b"PK\x07\x08" if layout.has_mark else b""
        local += mark + struct.pack(layout.descriptor, checksum, *sizes)
    return local, _central(name, layout, (flags, method, checksum), sizes, at)


def _central(
    name: bytes,
    layout: Layout,
    head: tuple[int, int, int],
    sizes: tuple[int, int],
    at: int,
) -> bytes:
    extra, place = b"", at
    if layout.directory == "wide":
        extra, place = struct.pack("<2H3Q", 1, 24, sizes[1], sizes[0], at), FULL
        sizes = (FULL, FULL)
    flags, method, checksum = head
    return (
        struct.pack(
            CENTRAL, b"PK\x01\x02", layout.version, layout.version, flags, method, 0, 0x21,
            checksum, *sizes, len(name), len(extra), 0, 0, 0, 0, place,
        )
        + name + extra
    )  # fmt: skip


def _packed(content: bytes, method: int, layout: Layout) -> bytes:
    if method == 0 or (not content and layout.leaves_empty_out):
        return content
    packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


def _end(layout: Layout, count: int, length: int, at: int) -> bytes:
    if layout.end == "plain":
        return struct.pack(END, b"PK\x05\x06", 0, 0, count, count, length, at, 0)
    record = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, length, at)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, at + length, 1)
    plain = (count, count, length, at) if layout.end == "both" else (FULL16, FULL16, FULL, FULL)
    return record + locator + struct.pack(END, b"PK\x05\x06", 0, 0, *plain, 0)
