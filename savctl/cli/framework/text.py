"""Stored text on its way to a terminal or a spreadsheet: harmless, whatever it holds."""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta

from savctl.cli.framework.terminal import clip
from savctl.domain.text_safety.joiners import ZWJ
from savctl.domain.text_safety.steering import escaped

# What JSON may hold raw and a terminal may act on is somewhere in these.
_SUSPECTS = re.compile(
    "[\x7f-\xad\u0600-\u08ff\u180e\u2000-\u206f\ufe00-\uffff\U00010000-\U0010ffff]"
)
_STEERING = {"Cc", "Cf", "Zl", "Zp"}
_MINUTES = re.compile(r"\b(?:[0-9]{1,12} of )?[0-9]{2,12} min\b")


def safe(text: str) -> str:
    """The text with every character that could steer a terminal written as an escape."""
    return escaped(text)


def json_safe(encoded: str) -> str:
    """The same JSON, with what could steer a terminal written as JSON escapes."""
    if encoded.isascii() and "\x7f" not in encoded:
        return encoded
    return _SUSPECTS.sub(lambda found: _escaped(found[0]), encoded)


def cell(text: str, *, width: int | None = None) -> str:
    """One table cell: a single line, cut with an ellipsis where it has more cells than `width`."""
    shown = safe(text.replace("\r\n", "\n").replace("\n", " ⏎ "))
    return shown if width is None else clip(shown, width)


def span_words(span: timedelta, *, days: str = "days") -> str:
    """`2 days 3 h`, `3 h 20 min`, `45 s`: the two largest parts.

    JSON has its spans in seconds; the words beside them have `days="d"`.
    """
    seconds = int(abs(span.total_seconds()))
    parts: list[str] = []
    for size, unit in ((86_400, days), (3_600, "h"), (60, "min"), (1, "s")):
        if seconds >= size or (size == 1 and not parts):
            count = seconds // size
            parts.append(f"{count} {'day' if (count, unit) == (1, 'days') else unit}")
            seconds %= size
    return " ".join(parts[:2])


def minutes_in_words(text: str) -> str:
    """The same text, its many minutes as a person counts them: `1445 of 1440 min`."""
    return _MINUTES.sub(_in_words, text)


def _in_words(found: re.Match[str]) -> str:
    counts = [timedelta(minutes=int(digits)) for digits in found[0].split() if digits.isdecimal()]
    return " of ".join(map(span_words, counts))


def _escaped(character: str) -> str:
    if character == ZWJ or unicodedata.category(character) not in _STEERING:
        return character
    units = character.encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
