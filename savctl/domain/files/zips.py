"""A zip file read strictly: every byte of it belongs to a member or to the directory.

Programs differ in what they make of a sloppy archive: where they look for the directory, which of
two names they believe. A file that can be read in two ways is refused; so is what cannot be
looked into. Only stored and deflated members are known.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from savctl.domain.files.file_types import FileRefused
from savctl.domain.files.zip_directory import ENCRYPTED, PATCHED, STORED, Member, declared
from savctl.domain.files.zip_end import FULL, damaged, find_end
from savctl.domain.files.zip_fields import second_name, wide

MAX_MEMBERS = 1_000
MAX_DIRECTORY_BYTES = 2_097_152
PIECE = 65_536
_LOCAL = struct.Struct("<4s5H3I2H")
_DESCRIPTOR = 0x8
# "The only segment of an archive in several": what stands before a member then.
_SPANNED = (b"PK00PK\x03\x04", b"PK\x07\x08PK\x03\x04")
_LONGEST_DESCRIPTOR = 25  # one byte more than there is


def members(content: BinaryIO, *, size_bytes: int, most: int = MAX_MEMBERS) -> list[Member]:
    """What the archive holds, in the order it stands there; at most `most` members.

    Raises:
        FileRefused: it is damaged, encrypted, split, too long, or can be read in two ways.
    """
    end = find_end(content, size_bytes=size_bytes)
    if end.count > most or end.length > MAX_DIRECTORY_BYTES:
        raise FileRefused("bomb", f"the archive holds {end.count} files; at most {most} are taken")
    content.seek(end.directory_at)
    raw = content.read(end.length)
    try:
        found = sorted(declared(raw, end.count), key=lambda member: member.at)
        if found and found[-1].at >= size_bytes:
            raise damaged("a member is not in it")
        placed = [_placed(content, member) for member in found]
    except (struct.error, UnicodeDecodeError):
        raise damaged("a header is cut off") from None
    _require_no_gaps(content, placed, end.directory_at)
    names = [member.name.replace("\\", "/") for member in placed]
    if len(set(names)) < len(names):
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


def _placed(content: BinaryIO, member: Member) -> Member:
    """The member with the place of its content, once its own header agrees."""
    content.seek(member.at)
    header = content.read(_LOCAL.size)
    magic, _, flags, method, _, _, checksum, packed, unpacked, name_length, extra_length = (
        _LOCAL.unpack(header)
    )
    if magic != b"PK\x03\x04" or content.read(name_length) != member.raw_name:
        raise damaged(f"{member.name!r} is not where the directory places it")
    if (flags ^ member.flags) & (ENCRYPTED | PATCHED | _DESCRIPTOR) or method != member.method:
        raise damaged(f"{member.name!r} is declared in two ways")
    extra = content.read(extra_length)
    _require_same(member, extra, (checksum, packed, unpacked))
    other = second_name(extra, member.raw_name, member.name)
    if member.other_name is not None and other not in {None, member.other_name}:
        raise damaged(f"{member.name!r} has a third name")
    starts = member.at + _LOCAL.size + name_length + extra_length
    return replace(member, starts=starts, other_name=member.other_name or other)


def _require_same(member: Member, extra: bytes, header: tuple[int, int, int]) -> None:
    """Pass when the member's own header gives the directory's sizes, or leaves them out.

    Who packs a stream leaves them out: a descriptor behind the content has them.
    """
    checksum, packed, unpacked = header
    own = (member.checksum, member.packed, member.unpacked)
    if member.flags & _DESCRIPTOR:
        wide(extra, (member.unpacked, member.packed), member.name)
        is_same = all(a in {b, 0, FULL} for a, b in zip(header, own, strict=True))
    else:
        unpacked, packed = wide(extra, (unpacked, packed), member.name)
        is_same = (checksum, packed, unpacked) == own
    if not is_same:
        raise damaged(f"{member.name!r} is declared with two sizes")


def _require_no_gaps(content: BinaryIO, placed: list[Member], directory_at: int) -> None:
    """Pass when each member follows the one before: no overlap, no bytes that belong to none."""
    content.seek(0)
    ends_at = 4 if content.read(8).startswith(_SPANNED) else 0
    following = [*(member.at for member in placed), directory_at][1:]
    for member, until in zip(placed, following, strict=True):
        if member.at != ends_at:
            raise damaged("members overlap, or bytes between them belong to none")
        ends_at = member.starts + member.packed
        if member.flags & _DESCRIPTOR:
            ends_at += _descriptor_length(content, member, until - ends_at)
    if directory_at != ends_at:
        raise damaged("bytes between its parts")


def _descriptor_length(content: BinaryIO, member: Member, length: int) -> int:
    """The length of what stands behind the content: checksum and sizes, in one of four forms.

    The sizes have 8 bytes in the zip64 form, and some writers use it without declaring it.
    """
    if max(member.packed, member.unpacked) <= FULL:
        content.seek(member.starts + member.packed)
        found = content.read(min(length, _LONGEST_DESCRIPTOR))
        numbers = (member.checksum, member.packed, member.unpacked)
        forms = [struct.pack(form, *numbers) for form in ("<3I", "<I2Q")]
        if found in forms or (found[:4] == b"PK\x07\x08" and found[4:] in forms):
            return length
    raise damaged(f"what stands behind {member.name!r} is not what the directory declares")


def _unpacked(content: BinaryIO, member: Member) -> Iterator[bytes]:
    if member.method == STORED:
        yield from _packed(content, member)
        return
    if member.packed == 0 and member.unpacked == 0:
        return  # .NET's packages leave the content of an empty part out altogether
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    for piece in _packed(content, member):
        packed = piece
        if inflate.eof:
            raise damaged(f"{member.name!r} does not end where its header places the end")
        try:
            while packed and not inflate.eof:
                yield inflate.decompress(packed, PIECE)
                packed = inflate.unconsumed_tail
        except zlib.error:
            raise damaged(f"{member.name!r} cannot be unpacked") from None
    yield inflate.flush()  # what the limit of a piece held back
    if not inflate.eof or inflate.unused_data:
        raise damaged(f"{member.name!r} does not end where its header places the end")


def _packed(content: BinaryIO, member: Member) -> Iterator[bytes]:
    content.seek(member.starts)
    left = member.packed
    while left:
        piece = content.read(min(PIECE, left))
        if not piece:
            raise damaged(f"{member.name!r} is cut off")
        left -= len(piece)
        yield piece
