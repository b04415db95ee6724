"""A zip file read strictly: every byte of it belongs to a member or to the directory.

Programs differ in what they make of a sloppy archive: where they look for the directory, which of
two names they believe. A file that can be read in two ways is refused; so is what cannot be
looked into. Only stored and deflated members are known.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from savctl.domain.file_types import FileRefused

MAX_MEMBERS = 1_000
MAX_DIRECTORY_BYTES = 1_048_576
PIECE = 65_536
END = struct.Struct("<4s4H2IH")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_LOCAL = struct.Struct("<4s5H3I2H")
_STORED, _DEFLATED = 0, 8
_ENCRYPTED, _DESCRIPTOR, _UTF8 = 0x1 | 0x40 | 0x2000, 0x8, 0x800
_ZIP64 = 0xFFFFFFFF
_NAMED_ANEW = 0x7075
_LINK, _KIND = 0o120000, 0o170000


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One file of the archive, as its directory declares it; sizes are in bytes."""

    name: str
    raw_name: bytes
    flags: int
    method: int
    checksum: int
    packed: int
    unpacked: int
    at: int
    starts: int = 0

    @property
    def is_folder(self) -> bool:
        """Whether it stands for a folder."""
        return self.name.endswith(("/", "\\"))


def damaged(why: str) -> FileRefused:
    """The refusal of an archive that is not what it declares."""
    return FileRefused("archive", f"the archive is damaged or made to deceive: {why}")


def members(content: BinaryIO, *, size_bytes: int) -> list[Member]:
    """What the archive holds, in the order it stands there.

    Raises:
        FileRefused: it is damaged, encrypted, split, too long, or can be read in two ways.
    """
    try:
        directory_at, raw, count = _directory(content, size_bytes)
        found = list(_declared(raw, count))
        placed = [_placed(content, member) for member in sorted(found, key=lambda m: m.at)]
    except (struct.error, UnicodeDecodeError):
        raise damaged("a header is cut off") from None
    _require_no_gaps(placed, directory_at)
    if len({member.name for member in placed}) < len(placed):
        raise damaged("two files of one name")
    return placed


def pieces(content: BinaryIO, member: Member) -> Iterator[bytes]:
    """The member's content, unpacked in bounded pieces.

    Raises:
        FileRefused: it is longer or shorter than declared, or its checksum is wrong.
    """
    length, checksum = 0, 0
    for piece in _unpacked(content, member):
        length += len(piece)
        if length > member.unpacked:
            raise FileRefused("bomb", f"{member.name!r} is larger than the archive declares")
        checksum = zlib.crc32(piece, checksum)
        yield piece
    if length != member.unpacked or checksum != member.checksum:
        raise damaged(f"{member.name!r} is not what the directory declares")


def _directory(content: BinaryIO, size: int) -> tuple[int, bytes, int]:
    tail_at = max(0, size - END.size - 65_535)
    content.seek(tail_at)
    tail = content.read()
    found = tail.rfind(b"PK\x05\x06")
    if found < 0:
        raise damaged("it has no directory")
    end = END.unpack_from(tail, found)
    _, disk, first_disk, here, count, length, at, comment = end
    if disk or first_disk or here != count:
        raise FileRefused("archive", "the archive is one part of several")
    end_at = tail_at + found
    if tail[max(0, found - 20) :].startswith(b"PK\x06\x07") or _ZIP64 in {length, at}:
        raise FileRefused("archive", "the archive has the form for more than 4 GB")
    if end_at + END.size + comment != size or at + length != end_at:
        raise damaged("bytes before, behind or between its parts")
    if count > MAX_MEMBERS or length > MAX_DIRECTORY_BYTES:
        raise FileRefused(
            "bomb", f"the archive holds {count} files; at most {MAX_MEMBERS} are taken"
        )
    content.seek(at)
    return at, content.read(length), count


def _declared(raw: bytes, count: int) -> Iterator[Member]:
    at = 0
    for _ in range(count):
        (
            magic, _, _, flags, method, _, _, checksum, packed, unpacked,
            name_length, extra_length, comment_length, _, _, mode, offset,
        ) = _CENTRAL.unpack_from(raw, at)  # fmt: skip
        if magic != b"PK\x01\x02":
            raise damaged("the directory is broken")
        at += _CENTRAL.size
        raw_name = raw[at : at + name_length]
        name = raw_name.decode("utf-8" if flags & _UTF8 else "cp437")
        if flags & _ENCRYPTED:
            raise FileRefused("encrypted", f"{name!r} in the archive is encrypted")
        if method not in {_STORED, _DEFLATED}:
            raise FileRefused("archive", f"{name!r} is packed in a way that is not looked into")
        if mode >> 16 & _KIND == _LINK:
            raise FileRefused("path", f"{name!r} in the archive is a link")
        _require_one_name(raw[at + name_length : at + name_length + extra_length], name)
        at += name_length + extra_length + comment_length
        yield Member(
            name=name, raw_name=raw_name, flags=flags, method=method, checksum=checksum,
            packed=packed, unpacked=unpacked, at=offset,
        )  # fmt: skip
    if at != len(raw):
        raise damaged("the directory is longer than declared")


def _require_one_name(extra: bytes, name: str) -> None:
    """Pass unless an extra field gives the member another name."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind == _NAMED_ANEW and extra[at + 9 : at + 4 + length] != name.encode():
            raise damaged(f"{name!r} has a second name")
        at += 4 + length


def _placed(content: BinaryIO, member: Member) -> Member:
    """The member with the place of its content, once its own header says the same."""
    content.seek(member.at)
    header = content.read(_LOCAL.size)
    magic, _, flags, method, _, _, checksum, packed, unpacked, name_length, extra_length = (
        _LOCAL.unpack(header)
    )
    same = (checksum, packed, unpacked) == (member.checksum, member.packed, member.unpacked)
    is_told_later = bool(member.flags & _DESCRIPTOR)
    if magic != b"PK\x03\x04" or content.read(name_length) != member.raw_name:
        raise damaged(f"{member.name!r} is not where the directory says")
    _require_one_name(content.read(extra_length), member.name)
    if (flags ^ member.flags) & (_ENCRYPTED | _DESCRIPTOR) or method != member.method:
        raise damaged(f"{member.name!r} is declared in two ways")
    if not same and not is_told_later:
        raise damaged(f"{member.name!r} is declared with two sizes")
    starts = member.at + _LOCAL.size + name_length + extra_length
    return Member(
        name=member.name, raw_name=member.raw_name, flags=member.flags, method=member.method,
        checksum=member.checksum, packed=member.packed, unpacked=member.unpacked,
        at=member.at, starts=starts,
    )  # fmt: skip


def _require_no_gaps(placed: list[Member], directory_at: int) -> None:
    """Pass when each member follows the one before: no overlap, no bytes that belong to none."""
    ends = frozenset({0})
    for member in placed:
        if member.at not in ends:
            raise damaged("members overlap, or bytes between them belong to none")
        end = member.starts + member.packed
        is_told_later = member.flags & _DESCRIPTOR
        ends = frozenset({end + 12, end + 16}) if is_told_later else frozenset({end})
    if directory_at not in ends:
        raise damaged("bytes between its parts")


def _unpacked(content: BinaryIO, member: Member) -> Iterator[bytes]:
    content.seek(member.starts)
    left = member.packed
    inflate = zlib.decompressobj(-zlib.MAX_WBITS) if member.method == _DEFLATED else None
    while left:
        packed = content.read(min(PIECE, left))
        if not packed:
            raise damaged(f"{member.name!r} is cut off")
        left -= len(packed)
        if inflate is None:
            yield packed
            continue
        try:
            while packed and not inflate.eof:
                yield inflate.decompress(packed, PIECE)
                packed = inflate.unconsumed_tail
        except zlib.error:
            raise damaged(f"{member.name!r} cannot be unpacked") from None
    if inflate is None:
        return
    yield inflate.flush()  # what the limit of a piece held back
    if not inflate.eof or inflate.unused_data:
        raise damaged(f"{member.name!r} does not end where it says")
