"""Whether content is text, in an encoding that programs in some country really write.

No file names its encoding. What can be decoded as one of several bytes a character is
text; so is anything else without NUL that is readable to a good part and nearly free of control
characters: the code pages of one byte take every byte, so they cannot be distinguished.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO

PIECE = 65_536
CODE_PAGE = "a code page"
_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
# Excel's CSV in western Europe, Japan, China, Taiwan and Korea; mail of Japan.
_ENCODINGS = ("utf-8", "cp1252", "cp932", "gb18030", "big5hkscs", "cp949", "euc_jp", "iso2022_jp")
_WITHOUT_MARK = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
# What no text has: it ends a string, or moves a terminal's cursor. Colours of logs are let be,
# also one that the end of a piece cuts off.
_NEVER = re.compile("\x00|\x1b(?!\\[[0-9;:]{0,20}m|\\[?[0-9;:]{0,20}\\Z)")
_STRAY = re.compile("[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_STRAY_BYTE = re.compile("[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_READABLE = re.compile("[\t\n\r -~]")
# Barcodes and logs separate by control characters. UTF-8 is hardly ever met by chance, others are.
_FREE_STRAYS, _A_STRAY_IN, _A_STRAY_IN_UTF8 = 1, 50, 5
# One character in so many is ASCII: blanks, digits, separators.
_READABLE_IN = {"latin-1": 10, "utf-16-le": 3, "utf-16-be": 3, "utf-32-le": 3, "utf-32-be": 3}


def text_encoding(content: BinaryIO) -> str | None:
    """The encoding in which the content is text from its beginning to its end, or None."""
    content.seek(0)
    start = content.read(4)
    for mark, name in _MARKS:
        if start.startswith(mark):
            return name if _is_text(content, name) else None
    found = next((name for name in _ENCODINGS if _is_text(content, name)), None)
    if found is not None:
        return found
    if _is_text(content, "latin-1"):
        return CODE_PAGE
    return next((name for name in _WITHOUT_MARK if _is_text(content, name)), None)


def _is_text(content: BinaryIO, encoding: str) -> bool:
    """Whether all of it can be decoded, with few control characters, and readable if a guess."""
    length = strays = readable = 0
    readable_in = _READABLE_IN.get(encoding)
    controls = _STRAY_BYTE if encoding == "latin-1" else _STRAY
    try:
        for text in _decoded(content, encoding):
            if _NEVER.search(text):
                return False
            length += len(text)
            strays += len(controls.findall(text))
            readable += len(_READABLE.findall(text)) if readable_in else 0
    except UnicodeDecodeError:
        return False
    a_stray_in = _A_STRAY_IN_UTF8 if encoding == "utf-8" else _A_STRAY_IN
    is_quiet = strays <= _FREE_STRAYS + length // a_stray_in
    return is_quiet and (readable_in is None or readable * readable_in >= length)


def _decoded(content: BinaryIO, encoding: str) -> Iterator[str]:
    content.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    while piece := content.read(PIECE):
        yield decoder.decode(piece)
    yield decoder.decode(b"", final=True)
