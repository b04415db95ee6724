"""What the mirror of the bucket knows of a version: a line of its index (rules 17.2).

The index is JSON lines, one a version, so that a person can read it with public tools. A line
with `gone` takes every line of that key before it back.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from savctl.errors import Findings

UNMIRRORED = ("temp/",)  # uploads under way, which nothing names yet


class MirrorSpoiled(Findings):
    """Something in the mirror is not what was written there."""

    code = "mirror_spoiled"


@dataclass(frozen=True, slots=True, kw_only=True)
class MirroredVersion:
    """A version of a key, and the digest under which its content lies in the mirror.

    `modified_at` is text, as the bucket gave it (RFC 3339, UTC).
    """

    key: str
    version: str
    etag: str
    bytes: int
    modified_at: str
    sha256: str

    @property
    def line(self) -> str:
        """The line of the index."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class GoneKey:
    """A key that retention, a purge or an erasure removed."""

    key: str

    @property
    def line(self) -> str:
        """The line of the index."""
        return json.dumps({"gone": self.key}, ensure_ascii=False, separators=(",", ":"))


IndexLine = MirroredVersion | GoneKey


def read_line(line: bytes, *, source: str) -> IndexLine:
    """A line of the index.

    Raises:
        MirrorSpoiled: it is none.
    """
    try:
        found = json.loads(line)
        if "gone" in found:
            return GoneKey(str(found["gone"]))
        return MirroredVersion(**found)
    except (ValueError, TypeError) as problem:
        raise MirrorSpoiled(f"{source} in the mirror has an invalid line: {problem}") from None


def is_mirrored(key: str) -> bool:
    """Whether objects of this key belong into the mirror."""
    return not key.startswith(UNMIRRORED)
