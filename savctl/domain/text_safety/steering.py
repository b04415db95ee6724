"""Characters that could steer a terminal, forge a line or deceive a reader, made visible."""

from __future__ import annotations

import unicodedata

from savctl.domain.text_safety.joiners import is_joiner

# Cc: control, Cf: format (bidi overrides, joiners), Cs: surrogates, Zl/Zp: line breaks.
_UNSAFE = {"Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"}


def steers(character: str) -> bool:
    """Whether a character is a control, direction or invisible one, or means nothing at all."""
    return unicodedata.category(character) in _UNSAFE


def escaped(text: str) -> str:
    """The text on one line, with every such character written as an escape: `\\x1b`, `\\u202e`.

    Joiners stay inside emoji and words that need them.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character if is_joiner(text, at) else _visible(character)
        for at, character in enumerate(text)
    )


def _visible(character: str) -> str:
    if not steers(character):
        return character
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
