"""The header with the name of a file and whether a browser shows it (RFC 6266)."""

from __future__ import annotations

import unicodedata
from urllib.parse import quote

from savctl.ports.objects import Delivery

_NOT_QUOTED = '"\\%/;'  # what browsers read differently inside quotes


def content_disposition(delivery: Delivery) -> str:
    """A plain name for old browsers and the true one for the others; never a line break."""
    name = "".join(
        character
        for character in delivery.filename.encode("utf-8", "replace").decode()
        if unicodedata.category(character) not in {"Cc", "Cf"}
    )
    decomposed = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = "".join("_" if character in _NOT_QUOTED else character for character in decomposed)
    how = "inline" if delivery.is_inline else "attachment"
    return f"{how}; filename=\"{plain or 'file'}\"; filename*=UTF-8''{quote(name, safe='')}"
