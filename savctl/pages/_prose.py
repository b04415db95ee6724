"""What people wrote, as HTML that does nothing (rules 5.2, 11.6)."""

from __future__ import annotations

import re
from html import escape

from savctl.domain.text_safety.steering import steers
from savctl.html import for_page, has_elements

# Letters, digits and what stands between them; most texts hold nothing else.
_HARMLESS = re.compile(r"[\w \n\t\xa0!-~\u2010-\u2027\u20ac\u2190-\u21ff]*")
_BLOCKS = ("<p>", "<br>", "<ul>", "<ol>", "<blockquote>", "<pre>")  # they break lines themselves
_KEPT = {"\n", "\t", "\u200c", "\u200d"}  # joiners make emoji, and letters of some scripts


def prose(text: str) -> str:
    """A text with its line breaks; HTML in it is cut down to the few elements that are allowed.

    Control and direction characters are shown as their number, so nothing reads as what it is
    not. Each text decides its own direction.
    """
    shown = text.replace("\r\n", "\n")
    if not has_elements(shown):
        return f'<div class="quoted" dir="auto">{escape(visible(shown), quote=True)}</div>'
    cleaned = for_page(shown)
    look = "quoted blocks" if any(mark in cleaned for mark in _BLOCKS) else "quoted"
    return f'<div class="{look}" dir="auto">{visible(cleaned)}</div>'


def visible(text: str) -> str:
    """The text, every character that cannot be seen or turns others round as its number."""
    if _HARMLESS.fullmatch(text):
        return text
    return "".join(char if _is_harmless(char) else f"\\u{ord(char):04x}" for char in text)


def _is_harmless(char: str) -> bool:
    return char in _KEPT or not steers(char)
