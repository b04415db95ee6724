"""Where a zip file ends, and where its directory is: in the plain form, or in the zip64 form.

Java's and .NET's writers use the zip64 form at any size, and so does whoever packs a stream whose
length is not known before. The two forms may stand side by side; then both must agree.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from savctl.domain.files.file_types import FileRefused

END = struct.Struct("<4s4H2IH")
END_MARK, LOCATOR_MARK, _RECORD_MARK = b"PK\x05\x06", b"PK\x06\x07", b"PK\x06\x06"
LONGEST_COMMENT = 65_535
FULL16, FULL = 0xFFFF, 0xFFFFFFFF  # "look into the zip64 form"
_LOCATOR = struct.Struct("<4sIQI")
_RECORD = struct.Struct("<4sQ2H2I4Q")
_RECORD_LENGTH = (
    _RECORD.size - 12
)  # the length that the record declares; more would be unknown data
# What web pages and mail programs leave behind a file they hand on; it can hold no directory.
_PADDING = b"\r\n \x00"
_LONGEST_PADDING = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ZipEnd:
    """The end of an archive; positions and lengths are in bytes of the file that holds it."""

    directory_at: int
    declared_at: int
    length: int
    count: int
    ends_at: int

    @property
    def begins_at(self) -> int:
        """Where the archive itself begins: not 0 when something stands before it."""
        return self.directory_at - self.declared_at


def damaged(why: str) -> FileRefused:
    """The refusal of an archive that is not what it declares."""
    return FileRefused("archive", f"the archive is damaged or made to deceive: {why}")


def find_end(content: BinaryIO, *, size_bytes: int) -> ZipEnd:
    """The one end of a file that is an archive from its first byte to its last.

    Raises:
        FileRefused: there is none, there are two, or bytes stand before or behind.
    """
    tail_at = max(0, size_bytes - END.size - LONGEST_COMMENT - _LONGEST_PADDING)
    content.seek(tail_at)
    tail = content.read()
    places = list(_places(tail))
    if not places:
        raise damaged("it has no directory")
    ends = [place for place in places if _reaches_the_end(tail, place)]
    if not ends:
        raise damaged("bytes before, behind or between its parts")
    if len(ends) > 1:
        raise damaged("it ends in two ways")
    found = end_at(content, tail_at + ends[0])
    if found.begins_at != 0:
        raise damaged("bytes before, behind or between its parts")
    return found


def end_at(content: BinaryIO, place: int) -> ZipEnd:
    """The end whose mark stands there.

    Raises:
        FileRefused: it is cut off, one of several parts, or its two forms differ.
    """
    before = max(0, place - _LOCATOR.size - _RECORD.size)
    content.seek(before)
    raw = content.read(place - before + END.size)
    here = place - before
    if len(raw) < here + END.size:
        raise damaged("its end is cut off")
    _, disk, first_disk, there, count, length, at, comment = END.unpack_from(raw, here)
    if there != count or not {disk, first_disk} <= {0, FULL16}:
        raise FileRefused("archive", "the archive is one part of several")
    ends_at = place + END.size + comment
    if raw[max(0, here - _LOCATOR.size) :].startswith(LOCATOR_MARK):
        return _wide(raw[:here], place, (count, length, at), ends_at)
    if FULL in {length, at} or FULL16 in {disk, first_disk}:
        raise damaged("its end refers to a form that is not there")
    return ZipEnd(
        directory_at=place - length, declared_at=at, length=length, count=count, ends_at=ends_at
    )


def _wide(before: bytes, place: int, plain: tuple[int, int, int], ends_at: int) -> ZipEnd:
    """The end in the zip64 form: a record, and right behind it its position."""
    if len(before) < _LOCATOR.size + _RECORD.size:
        raise damaged("its end is cut off")
    _, disk, record_at, disks = _LOCATOR.unpack_from(before, len(before) - _LOCATOR.size)
    mark, own, _, _, here, first, there, count, length, at = _RECORD.unpack_from(
        before, len(before) - _LOCATOR.size - _RECORD.size
    )
    if mark != _RECORD_MARK or own != _RECORD_LENGTH:
        raise damaged("its end refers to a form that is not there")
    if disk or here or first or disks > 1:
        raise FileRefused("archive", "the archive is one part of several")
    full = (FULL16, FULL, FULL)
    if there != count or any(
        small not in {wide, limit}
        for small, wide, limit in zip(plain, (count, length, at), full, strict=True)
    ):
        raise damaged("its end counts in two ways")
    place -= _LOCATOR.size + _RECORD.size
    found = ZipEnd(
        directory_at=place - length, declared_at=at, length=length, count=count, ends_at=ends_at
    )
    if found.begins_at + record_at != place:
        raise damaged("its end is in two places")
    return found


def _places(tail: bytes) -> list[int]:
    found, at = [], tail.find(END_MARK)
    while at >= 0:
        if at + END.size <= len(tail):
            found.append(at)
        at = tail.find(END_MARK, at + 1)
    return found


def _reaches_the_end(tail: bytes, place: int) -> bool:
    """Whether nothing but padding stands behind an end with its comment."""
    behind = place + END.size + END.unpack_from(tail, place)[7]
    rest = tail[behind:]
    return behind <= len(tail) and len(rest) <= _LONGEST_PADDING and not rest.strip(_PADDING)
