"""A ticket as one line of a bundle, and back (docs/archive.md has the format).

`metadata` is written as an object. Where the object would not give its text back (another
program's spelling of a number, repeated keys), `metadata_text` keeps the text as well.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from savctl.domain.model.json_text import encode
from savctl.persistence.archive.row_values import NotFaithful
from savctl.persistence.archive.ticket_snapshot import TicketSnapshot

FORMAT = "savctl-archive/1"
_START = re.compile(rb'\{"ticket_id": (\d+), ')
_TEXT = "metadata_text"
_NO_METADATA = '"metadata": null'


def line_of(whole: TicketSnapshot) -> bytes:
    """The ticket's line, without the line break; it has been seen to be the ticket again.

    Raises:
        NotFaithful: it would come back otherwise.
    """
    text = whole.ticket["metadata"]
    value, is_exact = _as_object(text)
    ticket = {**whole.ticket, "metadata": None if is_exact else value}
    line: dict[str, Any] = {"ticket_id": ticket["id"], "ticket_number": ticket["ticket_number"]}
    line["ticket"] = ticket
    if not is_exact:
        line[_TEXT] = text
    line["messages"] = whole.messages
    line["attachments"] = whole.attachments
    line["files"] = whole.files
    encoded = encode(line)
    if json.loads(encoded) != line:
        raise NotFaithful("its line would not be read as what was written")
    if is_exact and text is not None:  # no string has such quotes; encoded, it is the same text
        encoded = encoded.replace(_NO_METADATA, f'"metadata": {text}', 1)
    return encoded.encode()


def whole_of(line: bytes) -> TicketSnapshot:
    """The ticket of a line.

    Raises:
        ValueError: it is no line of a bundle.
    """
    values = json.loads(line)
    try:
        ticket = values["ticket"]
        if _TEXT in values:
            ticket["metadata"] = values[_TEXT]
        elif ticket["metadata"] is not None:
            ticket["metadata"] = encode(ticket["metadata"])
        return TicketSnapshot(ticket, values["messages"], values["attachments"], values["files"])
    except (KeyError, TypeError) as problem:
        raise ValueError(f"no ticket in the line: {problem!r}") from problem


def ticket_id_of(line: bytes) -> int:
    """Whose line it is, without reading all of it.

    Raises:
        ValueError: it is no line of a bundle.
    """
    found = _START.match(line)
    if found is None:
        raise ValueError("the line does not begin with a ticket_id")
    return int(found[1])


def digest_of(line: bytes) -> str:
    """What the index remembers of a line."""
    return hashlib.sha256(line).hexdigest()


def _as_object(text: str | None) -> tuple[Any, bool]:
    """Stored metadata as a value, and whether its text follows from it."""
    if text is None:
        return None, True
    try:
        value = json.loads(text)
        return value, value is not None and encode(value) == text
    except (ValueError, RecursionError):
        return None, False
