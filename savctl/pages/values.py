"""Values as a page shows them, and as a machine reads them back."""

from __future__ import annotations

import json
import re
from datetime import datetime
from html import escape

from savctl.domain.clock import second_text
from savctl.domain.text_safety.joiners import is_joiner
from savctl.domain.text_safety.steering import steers

THIN_SPACE = "\u202f"
_NOTHING = "\u2013"  # an en dash
# Letters, digits and what stands between them; most texts hold nothing else.
_HARMLESS = re.compile(r"[\w !-~\u2010-\u2027\u20ac\u2190-\u21ff]*")


def safe_text(value: object) -> str:
    """Text for HTML: escaped, control and direction characters made visible as their number.

    Joiners stay inside emoji and words that need them.
    """
    text = str(value)
    if _HARMLESS.fullmatch(text):
        return escape(text, quote=True)
    shown = (
        f"\\u{ord(char):04x}" if steers(char) and not is_joiner(text, at) else char
        for at, char in enumerate(text)
    )
    return escape("".join(shown), quote=True)


def exact(value: object) -> str:
    """The JSON of a value, for the attribute `data-value`."""
    return safe_text(json.dumps(value, ensure_ascii=False, default=_plain))


def words(kind: str, value: object) -> str:
    """A value for people, not escaped yet."""
    if value is None:
        return _NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}Z"
    return _number(kind, value) if isinstance(value, int | float) else str(value)


def _number(kind: str, value: float) -> str:
    if kind == "minutes":
        return _span(round(value))
    if kind == "percent":
        return f"{value:.1f}{THIN_SPACE}%"
    return f"{value:,}".replace(",", THIN_SPACE)


def _span(minutes: int) -> str:
    days, rest = divmod(minutes, 1_440)
    hours, left = divmod(rest, 60)
    parts = [f"{n}{THIN_SPACE}{unit}" for n, unit in ((days, "d"), (hours, "h")) if n]
    if not days and (left or not parts):
        parts.append(f"{left}{THIN_SPACE}min")
    return " ".join(parts)


def _plain(value: object) -> object:
    return second_text(value) if isinstance(value, datetime) else str(value)
