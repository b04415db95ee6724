"""Names of files: the customer's, ours, and the key in the bucket (rules 7.2).

The customer's name is data: it is kept as typed and never used as a path. Ours holds letters,
digits, `.`, `-` and `_` only.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass

from savctl.domain.files.file_types import BLOCKED, FileRefused
from savctl.domain.text import VARCHAR_CHARACTERS

TEMP = "temp/"
TICKETS = "tickets/"
KEY = re.compile(r"tickets/([1-9][0-9]{0,18})/([0-9a-f]{32})\.([a-z0-9]{1,10})")
SAFE_CHARACTERS = 100
_STEERING = frozenset("\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e")
_ISOLATES = frozenset("\u2066\u2067\u2068\u2069")
_JOINING = frozenset("\u200d\ufe0e\ufe0f")
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
_OTHERS = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class FileName:
    """A name that may be stored; `extension` is in lower case, without its dot."""

    original: str
    extension: str
    was_cut: bool = False

    @property
    def safe(self) -> str:
        """The stored name: nothing in it can be taken for a path, a device or a command."""
        stem = _stripped(_base(self.original))[: -len(self.extension) - 1]
        plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
        kept = _OTHERS.sub("-", plain)[:SAFE_CHARACTERS].strip(".-_")
        if not kept or _DEVICES.fullmatch(kept):
            kept = f"file-{kept}".strip("-")
        return f"{kept}.{self.extension}"


def file_name(given: str) -> FileName:
    """The name, once nothing in it deceives.

    A dot or blanks at the end do not count, as Windows leaves them off. One of more than 255
    characters is cut before its extension.

    Raises:
        FileRefused: control or steering characters, no extension, a blocked one at any place.
    """
    _no_steering(given)
    shown = _stripped(_base(given))
    stem, dot, extension = shown.rpartition(".")
    extension = extension.lower()
    if not dot or not extension:
        raise FileRefused(
            "extension",
            "the name has no extension",
            hint="The extension is compared with the content.",
        )
    if extension in BLOCKED:
        raise FileRefused("blocked", f".{extension} files are blocked")
    inner = {part.strip().lower() for part in stem.split(".")[1:]} & BLOCKED
    if inner:
        raise FileRefused(
            "double_extension",
            f"the name hides a blocked extension: .{min(inner)}",
            hint="Rename the file.",
        )
    original = _cut(given, len(extension) + 1)
    return FileName(original, extension, was_cut=original != given)


def local_name(filename: str, attachment_id: int) -> str:
    """The name under which a stored file is saved here.

    Records of other programs may hold anything: no path, no hidden file, no command comes of it.
    """
    kept = _OTHERS.sub("-", _base(filename))[-SAFE_CHARACTERS:].strip(".-")
    return kept or f"attachment-{attachment_id}"


def object_key(ticket_id: int, sha256: str, extension: str) -> str:
    """Where the file stands in the bucket."""
    return f"{TICKETS}{ticket_id}/{sha256[:32]}.{extension}"


def temporary_key(session_id: str, sha256: str, extension: str) -> str:
    """Where a file stands until its upload is complete."""
    return f"{TEMP}{session_id}/{sha256[:32]}.{extension}"


def key_digest(key: str) -> str:
    """What two keys have in common only when they are the same, byte for byte."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def ticket_of(key: str) -> int | None:
    """The ticket that a key of ours was made for; after a merge its file may be on another."""
    found = KEY.fullmatch(key)
    return int(found[1]) if found else None


def _no_steering(given: str) -> None:
    if not given:
        raise FileRefused("name", "the file has no name")
    for character in given:
        category = unicodedata.category(character)
        if category in {"Cc", "Cs"} or character in _STEERING | _ISOLATES:
            raise FileRefused(
                "name",
                f"the name holds a character that steers or deceives: U+{ord(character):04X}",
                hint="Rename the file.",
            )


def _base(given: str) -> str:
    """What is behind the last separator of any system."""
    return re.split(r"[/\\]", given)[-1]


def _stripped(name: str) -> str:
    return name.rstrip(". \u00a0\u3000")


def _cut(given: str, tail_length: int) -> str:
    """At most 255 characters, the extension kept, no character torn from its accents."""
    if len(given) <= VARCHAR_CHARACTERS:
        return given
    name = given.rstrip()
    tail = name[-tail_length:] if len(name) > tail_length else ""
    at = VARCHAR_CHARACTERS - len(tail)
    while at > 1 and _belongs_to_the_one_before(given, at):
        at -= 1
    return given[:at].rstrip() + tail


def _belongs_to_the_one_before(given: str, at: int) -> bool:
    here, before = given[at], given[at - 1]
    return unicodedata.category(here).startswith("M") or here in _JOINING or before in _JOINING
