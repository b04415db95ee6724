"""JSON text as savctl stores it, and the members of an object as another program wrote them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn


def _legible(value: object) -> str:
    """SQLite stores bytes in a column of text; they are shown as the text that they may be."""
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    raise TypeError(f"a {type(value).__name__} is not JSON")


# json.dumps would build one for each call; to look for circles takes a sixth of its time
_ENCODER = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, check_circular=False, default=_legible
)
_HALVES = re.compile("[\ud800-\udfff]")
# A key of an object that is known to be valid, from where the member before it ended.
MEMBER_KEY = re.compile(r'[ \t\n\r,]*("(?:[^"\\]|\\.)*")[ \t\n\r]*:[ \t\n\r]*')


def encode(value: object) -> str:
    """JSON text in the form savctl stores: compact to read, key order kept.

    Only half a character (a lone surrogate, from another program's escapes) stays an escape:
    as itself it could not be stored.
    """
    text = _ENCODER.encode(value)
    try:
        text.encode()  # far quicker than to look for halves
    except UnicodeEncodeError:
        return _HALVES.sub(lambda half: f"\\u{ord(half[0]):04x}", text)
    return text


def _not_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _number(digits: str) -> float | str:
    """A float; a number that none can hold reads as its digits, which JSON can hold."""
    value = float(digits)
    return value if math.isfinite(value) else digits


_DECODER = json.JSONDecoder(parse_constant=_not_json, parse_float=_number)
scan_value: Callable[[str, int], tuple[object, int]] = _DECODER.scan_once  # type: ignore[attr-defined]


def decode(text: str) -> object:
    """The value of a JSON text; the decoder's own way looks for blanks first, which takes long."""
    with suppress(StopIteration):
        value, end = scan_value(text, 0)
        if end == len(text):
            return value
    return _DECODER.decode(text)


def member_texts(text: str) -> dict[str, str]:
    """The members of a valid object, each as its own text."""
    texts: dict[str, str] = {}
    at = text.index("{") + 1
    while (key := MEMBER_KEY.match(text, at)) is not None:
        _, at = _DECODER.raw_decode(text, key.end())
        texts[_DECODER.decode(key[1])] = text[key.end() : at]
    return texts
