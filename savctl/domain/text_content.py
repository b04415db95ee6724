"""Whether content is text: in a known encoding, without NUL and control characters."""

from __future__ import annotations

import codecs
import re
from typing import BinaryIO

PIECE = 65_536
# Windows-1252 holds what Excel of western Europe writes as CSV.
_ENCODINGS = ("utf-8", "cp1252")
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")


def text_encoding(content: BinaryIO) -> str | None:
    """The encoding in which the content is text from its beginning to its end, or None."""
    content.seek(0)
    start = content.read(4)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16" if _is_text(content, "utf-16") else None
    return next((name for name in _ENCODINGS if _is_text(content, name)), None)


def _is_text(content: BinaryIO, encoding: str) -> bool:
    content.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    while True:
        piece = content.read(PIECE)
        try:
            text = decoder.decode(piece, final=not piece)
        except UnicodeDecodeError:
            return False
        if _CONTROL.search(text):
            return False
        if not piece:
            return True
