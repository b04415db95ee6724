"""The extra fields of a zip member that change what it is: its sizes, and a second name."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence

from savctl.domain.files.zip_end import FULL, damaged

_WIDE, _NAMED_ANEW = 0x0001, 0x7075


def wide(extra: bytes, values: Sequence[int], name: str) -> tuple[int, ...]:
    """Sizes and place of a member, taken from its zip64 field where its header refers to it.

    Writers put all of them into the field, or only those that the header refers to. What is there
    must be clear: a number that the header has itself may stand there again, or 0.

    Raises:
        FileRefused: the field is missing, is there twice, or can be read in two ways.
    """
    found = [data for kind, data in _fields(extra) if kind == _WIDE]
    missing = [at for at, value in enumerate(values) if value == FULL]
    if len(found) > 1 or (missing and not found):
        raise damaged(f"{name!r} is declared with two sizes")
    numbers = _numbers(found[0]) if found else ()
    if not missing:
        _require_known(numbers, values, name)
        return tuple(values)
    if len(numbers) < len(missing):
        raise damaged(f"{name!r} is declared without its size")
    taken = list(values)
    for at, number in zip(missing, numbers, strict=False):
        taken[at] = number
    if len(numbers) > len(missing):  # the full form, which must agree
        for at, number in zip(range(len(values)), numbers, strict=False):
            if number != taken[at]:
                raise damaged(f"{name!r} is declared with two sizes")
    return tuple(taken)


def second_name(extra: bytes, raw_name: bytes, name: str) -> str | None:
    """The other name of a member, as WinZip and others write it for old programs, or None.

    Raises:
        FileRefused: it belongs to another name, or makes another kind of file of the member.
    """
    for kind, data in _fields(extra):
        if kind != _NAMED_ANEW:
            continue
        other = data[5:].decode("utf-8")
        if other == name:
            continue
        is_of_this = data[:1] == b"\x01" and data[1:5] == struct.pack("<I", zlib.crc32(raw_name))
        if not is_of_this or _shape(other) != _shape(name):
            raise damaged(f"{name!r} has a second name")
        return other
    return None


def _shape(name: str) -> tuple[int, str]:
    """What two names of one file have in common: the depth, and the extension."""
    parts = name.replace("\\", "/").split("/")
    return len(parts), parts[-1].rpartition(".")[2].lower() if "." in parts[-1] else ""


def _fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind in {_WIDE, _NAMED_ANEW} and at + 4 + length > len(extra):
            raise damaged("a field of a member is cut off")
        yield kind, extra[at + 4 : at + 4 + length]
        at += 4 + length


def _numbers(data: bytes) -> tuple[int, ...]:
    """The sizes and the place; four bytes more, the number of a disk, are of no use here."""
    return struct.unpack_from(f"<{len(data) // 8}Q", data)


def _require_known(numbers: Sequence[int], values: Sequence[int], name: str) -> None:
    if any(number not in {0, *values} for number in numbers):
        raise damaged(f"{name!r} is declared with two sizes")
