"""What the keys look like that the service gives to objects (rules 7.2).

tickets/{ticket_id}/{hash}.{extension}
temp/{upload_session_id}/…
"""

from __future__ import annotations

import re
from enum import StrEnum

# Keys hold a hash; other programs choose which. A name with blanks or control
# characters, without extension, or below a further folder is nobody's upload. So is one that no
# store of ours would be asked for (`adapters/object_keys.py`).
_IN_NAMES = r"[^\s/\\\x00-\x1f\x7f-\x9f]"
_OF_TICKET = re.compile(rf"tickets/([1-9][0-9]{{0,18}})/\w{_IN_NAMES}*\.[0-9A-Za-z]{{1,16}}")
_OF_UPLOAD = re.compile(rf"temp/[0-9A-Za-z_-]{{1,128}}(/(?!\.\.?(?:/|\Z)){_IN_NAMES}+)+")
_BUNDLE = re.compile(
    r"(?!tickets/|temp/)(.+/)?[0-9]{4}/[0-9]{2}/[0-9a-f]{32}\.(jsonl\.zst|manifest\.json)"
)


class Shape(StrEnum):
    """What a key looks like."""

    TICKET = "ticket"
    UPLOAD = "upload"
    BUNDLE = "bundle"
    UNKNOWN = "unknown"


def shape_of(key: str) -> Shape:
    """What the key looks like; unknown ones are nobody's to remove (rules 7.5)."""
    if _OF_TICKET.fullmatch(key):
        return Shape.TICKET
    if _OF_UPLOAD.fullmatch(key):
        return Shape.UPLOAD
    return Shape.BUNDLE if _BUNDLE.fullmatch(key) else Shape.UNKNOWN


def first_ticket_of(key: str) -> int | None:
    """The ticket that an object was uploaded to, according to its key.

    Only a reason for more care, never for less: a merge moves records and leaves keys.
    """
    found = _OF_TICKET.fullmatch(key)
    return int(found[1]) if found else None
