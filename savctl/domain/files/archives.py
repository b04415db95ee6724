"""What a zip file may hold (docs/attachments.md).

Restricted means: nothing that runs but the three kinds of scripts that are let in, no
archive or document in it that would have to be unpacked in turn, nothing that leaves its folder,
nothing that swells.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from savctl.domain.files import zips
from savctl.domain.files.file_types import BLOCKED, MB, SCRIPTS, FileRefused
from savctl.domain.files.ole2 import MACRO_BYTES
from savctl.domain.files.sniffing import HEAD_BYTES, NESTED, nested
from savctl.domain.files.unpack_budget import UnpackBudget
from savctl.domain.files.zip_directory import Member
from savctl.domain.files.zip_end import damaged

MAX_UNPACKED_BYTES = 200 * MB
MAX_RATIO = 200
FREE_BYTES = MB  # a member below this swells nothing, whatever its ratio
# Sheets of a million rows, and drawings that are mostly white, are larger than that in documents.
MAX_PARTS_BYTES = 512 * MB
FREE_PART_BYTES = 64 * MB
# What Windows and macOS run by a double click, beyond the service's list.
RUNNABLE = frozenset(
    (
        *("com", "scr", "pif", "cpl", "msi", "msp", "dll", "sys", "jar", "lnk", "hta", "reg"),
        *("ps1", "vbs", "vbe", "jse", "wsf", "wsh", "apk", "deb", "rpm", "pkg", "command"),
        *("docm", "dotm", "xlsm", "xltm", "xlsb", "xlam", "pptm", "potm", "ppam", "ppsm"),
    )
)
REFUSED_INSIDE = (BLOCKED | RUNNABLE) - SCRIPTS
# Folders that macOS runs. Others may be named after an Internet address: `www.example.com/`.
_RUNNABLE_FOLDERS = frozenset({"app", "pkg"})
# Ten times quicker than `in` where it matters: in the zeros of a bitmap.
_MACROS = re.compile(re.escape(MACRO_BYTES))
_DRIVE = re.compile(r"[A-Za-z]:")
_MARKS = {"[content_types].xml", "mimetype"}
_PROGRAM_MARKS = {"META-INF/MANIFEST.MF", "AndroidManifest.xml"}
_FOLDER_ICON = "Icon\r"  # macOS keeps the picture of a folder in a file of this name


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """How much may be in an archive, and which parts of it may be archives in turn."""

    budget: UnpackBudget
    free: int
    may_nest: Callable[[str, bytes], bool] = lambda _name, _head: False


def check_zip(content: BinaryIO, *, size_bytes: int) -> None:
    """Pass when the archive holds nothing that is refused.

    Raises:
        FileRefused: with the member's name and the check that refused it.
    """
    found = zips.members(content, size_bytes=size_bytes)
    if not found:
        raise FileRefused("empty", "the archive holds nothing")
    require_no_program(found)
    if {name.replace("\\", "/").lower() for name in _names(found)} & _MARKS:
        raise FileRefused(
            "content",
            "the archive is a document under another name",
            hint="Send it under its own name.",
        )
    check_members(content, found)


def require_no_program(found: Iterable[Member]) -> None:
    """Pass unless the archive as a whole is a program of Java or Android."""
    if {name.replace("\\", "/") for name in _names(found)} & _PROGRAM_MARKS:
        raise FileRefused("content", "the archive is a program")


def check_members(
    content: BinaryIO, found: Iterable[Member], *, allowed: Allowance | None = None
) -> None:
    """Pass when no member is refused; without `allowed` as in a zip that somebody packed."""
    allowed = allowed or Allowance(budget=UnpackBudget(MAX_UNPACKED_BYTES), free=FREE_BYTES)
    for member in found:
        check_path(member.name)
        if member.other_name is not None:
            check_path(member.other_name)
        if member.is_folder and member.unpacked:
            raise damaged(f"{member.name!r} is a folder and holds bytes")
        allowed.budget.take(member.unpacked)
        if member.unpacked > max(allowed.free, MAX_RATIO * member.packed):
            raise FileRefused("bomb", f"{member.name!r} swells more than {MAX_RATIO} times")
        _check_content(content, member, allowed)


def _names(found: Iterable[Member]) -> Iterator[str]:
    for member in found:
        yield member.name
        if member.other_name is not None:
            yield member.other_name


def check_path(name: str) -> None:
    """Pass when a member stays in the folder that it is unpacked to, and is no program."""
    *folders, last = re.split(r"[/\\]", name)
    # To Windows `a.bat::$DATA` is another name of a.bat.
    parts = [part for folder in folders for part in folder.split(":")]
    if name.startswith(("/", "\\")) or _DRIVE.match(name) or ".." in [*parts, *last.split(":")]:
        raise FileRefused("path", f"{name!r} in the archive leaves its folder")
    if not name or any(ord(character) < 32 for character in name.removesuffix(_FOLDER_ICON)):
        raise FileRefused("path", f"{name!r} in the archive is no name")
    if any(_extension(part) in _RUNNABLE_FOLDERS for part in parts) or any(
        _extension(part) in REFUSED_INSIDE for part in last.split(":")
    ):
        raise FileRefused("archive_member", f"{name!r} in the archive is blocked")


def _extension(part: str) -> str:
    return part.rstrip(". ").rpartition(".")[2].lower() if "." in part else ""


def _check_content(content: BinaryIO, member: Member, allowed: Allowance) -> None:
    head, tail = b"", b""
    for piece in zips.pieces(content, member):
        if len(head) < HEAD_BYTES:
            head += piece[: HEAD_BYTES - len(head)]
        if _MACROS.search(tail + piece):
            raise FileRefused("macros", f"{member.name!r} in the archive holds macros")
        tail = piece[-len(MACRO_BYTES) :]
    what = nested(head)
    if what is not None and not (what == NESTED and allowed.may_nest(member.name, head)):
        raise FileRefused("archive_member", f"{member.name!r} in the archive is {what}")
