"""The directory of a zip file: what it declares of each member."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from savctl.domain.files.file_types import FileRefused
from savctl.domain.files.zip_end import damaged
from savctl.domain.files.zip_fields import second_name, wide

STORED, _DEFLATED = 0, 8
ENCRYPTED, PATCHED, _UTF8 = 0x1 | 0x40 | 0x2000, 0x20, 0x800
_LINK, _KIND = 0o120000, 0o170000
_CENTRAL = struct.Struct("<4s6H3I5H2I")


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
    other_name: str | None = None
    starts: int = 0

    @property
    def is_folder(self) -> bool:
        """Whether it stands for a folder."""
        return self.name.endswith(("/", "\\"))


def declared(raw: bytes, count: int) -> Iterator[Member]:
    """The members that a directory of so many declares, in its order.

    Raises:
        FileRefused: one of them is encrypted, a link, or packed in a way that is not known.
        struct.error, UnicodeDecodeError: the directory is cut off or damaged.
    """
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
        extra = raw[at + name_length : at + name_length + extra_length]
        at += name_length + extra_length + comment_length
        name = raw_name.decode("utf-8" if flags & _UTF8 else "cp437")
        unpacked, packed, offset = wide(extra, (unpacked, packed, offset), name)
        _require_readable(name, flags, method, mode)
        yield Member(
            name=name, raw_name=raw_name, flags=flags, method=method, checksum=checksum,
            packed=packed, unpacked=unpacked, at=offset,
            other_name=second_name(extra, raw_name, name),
        )  # fmt: skip
    if at != len(raw):
        raise damaged("the directory is longer than declared")


def _require_readable(name: str, flags: int, method: int, mode: int) -> None:
    if flags & ENCRYPTED:
        raise FileRefused("encrypted", f"{name!r} in the archive is encrypted")
    if method not in {STORED, _DEFLATED} or flags & PATCHED:
        raise FileRefused("archive", f"{name!r} is packed in a way that is not looked into")
    if mode >> 16 & _KIND == _LINK:
        raise FileRefused("path", f"{name!r} in the archive is a link")
