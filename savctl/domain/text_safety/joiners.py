"""Invisible characters with which emoji, and letters of some scripts, are made."""

from __future__ import annotations

import unicodedata

ZWNJ, ZWJ = "\u200c", "\u200d"


def is_joiner(text: str, at: int) -> bool:
    """Whether a joiner is inside an emoji or a word that needs it; elsewhere it only hides.

    Between other letters a terminal and its library would not agree on the width.
    """
    joiner = text[at]
    if joiner not in {ZWNJ, ZWJ} or not 0 < at < len(text) - 1:
        return False
    before, after = text[at - 1], text[at + 1]
    if before.isascii() or after.isascii():
        return False
    left, right = unicodedata.category(before)[0], unicodedata.category(after)[0]
    if joiner == ZWNJ:
        return left in "LM" and right in "LM"
    return (left in "SM" and right == "S") or (left == "M" and right == "L")
