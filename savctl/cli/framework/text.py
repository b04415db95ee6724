"""Stored text on its way to a terminal or a spreadsheet: harmless, whatever it holds."""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta

from savctl.cli.framework.terminal import clip

# Cc: control, Cf: format (bidi overrides, joiners), Cs: surrogates, Zl/Zp: line breaks.
_UNSAFE = {"Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"}
_JOINERS = {"\u200d", "\ufe0f"}  # emoji are made of these; they move nothing
# What JSON may hold raw and a terminal may act on is somewhere in these.
_SUSPECTS = re.compile(
    "[\x7f-\xad\u0600-\u08ff\u180e\u2000-\u206f\ufe00-\uffff\U00010000-\U0010ffff]"
)
_STEERING = {"Cc", "Cf", "Zl", "Zp"}
CELL_WIDTH = 60


def safe(text: str) -> str:
    """The text with every character that could steer a terminal written as an escape."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible(character) for character in text)


def json_safe(encoded: str) -> str:
    """The same JSON, with what could steer a terminal written as JSON escapes."""
    if encoded.isascii() and "\x7f" not in encoded:
        return encoded
    return _SUSPECTS.sub(lambda found: _escaped(found[0]), encoded)


def cell(text: str, *, width: int = CELL_WIDTH) -> str:
    """One table cell: a single line, cut with an ellipsis."""
    shown = safe(text.replace("\r\n", "\n").replace("\n", " ⏎ "))
    return clip(shown, width)


def span_words(span: timedelta) -> str:
    """`2 d 3 h`, `3 h 20 min`, `45 s`: the two largest parts."""
    seconds = int(abs(span.total_seconds()))
    parts: list[str] = []
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        if seconds >= size or (size == 1 and not parts):
            parts.append(f"{seconds // size} {unit}")
            seconds %= size
    return " ".join(parts[:2])


def _escaped(character: str) -> str:
    if character in _JOINERS or unicodedata.category(character) not in _STEERING:
        return character
    units = character.encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def _visible(character: str) -> str:
    if character in _JOINERS or unicodedata.category(character) not in _UNSAFE:
        return character
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
