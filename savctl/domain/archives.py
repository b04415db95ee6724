"""What a zip file may hold (spec: "application/zip (restricted)"; docs/attachments.md).

Restricted means: nothing that runs but the three kinds of scripts the specification lets in, no
archive or document in it that would have to be unpacked in turn, nothing that leaves its folder,
nothing that swells.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import BinaryIO

from savctl.domain import zips
from savctl.domain.file_types import BLOCKED, MB, SCRIPTS, FileRefused
from savctl.domain.ole2 import MACRO_BYTES
from savctl.domain.sniffing import HEAD_BYTES, NESTED, nested
from savctl.domain.zips import Member

MAX_UNPACKED_BYTES = 200 * MB
MAX_RATIO = 200
FREE_BYTES = MB  # a member below this swells nothing, whatever its ratio
# What Windows and macOS run by a double click, beyond the specification's list.
RUNNABLE = frozenset(
    (
        *("com", "scr", "pif", "cpl", "msi", "msp", "dll", "sys", "jar", "lnk", "hta", "reg"),
        *("ps1", "vbs", "vbe", "jse", "wsf", "wsh", "apk", "deb", "rpm", "pkg", "command"),
        *("docm", "dotm", "xlsm", "xltm", "xlsb", "xlam", "pptm", "potm", "ppam", "ppsm"),
    )
)
REFUSED_INSIDE = (BLOCKED | RUNNABLE) - SCRIPTS
_DRIVE = re.compile(r"[A-Za-z]:")
_MARKS = {"[Content_Types].xml", "mimetype"}
_PROGRAM_MARKS = {"META-INF/MANIFEST.MF", "AndroidManifest.xml"}


def check_zip(content: BinaryIO, *, size_bytes: int) -> None:
    """Pass when the archive holds nothing that is refused.

    Raises:
        FileRefused: with the member's name and the check that refused it.
    """
    found = zips.members(content, size_bytes=size_bytes)
    names = {member.name for member in found}
    if names & _PROGRAM_MARKS:
        raise FileRefused("content", "the archive is a program")
    if names & _MARKS:
        raise FileRefused(
            "content",
            "the archive is a document under another name",
            hint="Send it under its own name.",
        )
    check_members(content, found)


def check_members(
    content: BinaryIO, found: Iterable[Member], *, may_embed: frozenset[str] = frozenset()
) -> None:
    """Pass when no member is refused; documents may hold archives in the folders `may_embed`."""
    total = 0
    for member in found:
        check_path(member.name)
        total += member.unpacked
        _require_no_bomb(member, total)
        _check_content(content, member, may_embed)


def check_path(name: str) -> None:
    """Pass when a member stays in the folder that it is unpacked to, and is no program."""
    parts = re.split(r"[/\\:]", name)  # to Windows `a.bat::$DATA` is another name of a.bat
    if name.startswith(("/", "\\")) or _DRIVE.match(name) or ".." in parts:
        raise FileRefused("path", f"{name!r} in the archive leaves its folder")
    if not name or any(ord(character) < 32 for character in name):
        raise FileRefused("path", f"{name!r} in the archive is no name")
    for part in parts:
        extension = part.rstrip(". ").rpartition(".")[2].lower()
        if "." in part and extension in REFUSED_INSIDE:
            raise FileRefused("archive_member", f"{name!r} in the archive is blocked")


def _require_no_bomb(member: Member, total: int) -> None:
    if total > MAX_UNPACKED_BYTES:
        raise FileRefused(
            "bomb", f"the archive unpacks to more than {MAX_UNPACKED_BYTES // MB} MB"
        )
    if member.unpacked > max(FREE_BYTES, MAX_RATIO * member.packed):
        raise FileRefused("bomb", f"{member.name!r} swells more than {MAX_RATIO} times")


def _check_content(content: BinaryIO, member: Member, may_embed: frozenset[str]) -> None:
    head, tail = b"", b""
    for piece in zips.pieces(content, member):
        if len(head) < HEAD_BYTES:
            head += piece[: HEAD_BYTES - len(head)]
        if MACRO_BYTES in tail + piece:
            raise FileRefused("macros", f"{member.name!r} in the archive holds macros")
        tail = piece[-len(MACRO_BYTES) :]
    what = nested(head)
    is_embedded = what == NESTED and member.name.rpartition("/")[0] in may_embed
    if what is not None and not is_embedded:
        raise FileRefused("archive_member", f"{member.name!r} in the archive is {what}")
