"""How wide the terminal is, and how many of its cells a text takes."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator


def stdout_width() -> int | None:
    """Columns of the terminal that stdout is; None off a terminal, where nothing is cut."""
    if not sys.stdout.isatty():
        return None
    return max(20, shutil.get_terminal_size(fallback=(80, 24)).columns)


def stderr_width() -> int:
    """Columns of the terminal that stderr is."""
    return max(20, shutil.get_terminal_size(fallback=(80, 24)).columns)


def cells(text: str) -> int:
    """How many cells a terminal takes for a text that is safe to show; never less than 0."""
    if text.isascii():
        return len(text)
    from wcwidth import wcswidth

    return max(0, wcswidth(text))


def clip(text: str, width: int) -> str:
    """The text in at most `width` cells, its end replaced by `…` where it is longer."""
    if cells(text) <= width:
        return text
    kept, left = "", width - 1
    for part in _graphemes(text):
        left -= cells(part)
        if left < 0:
            break
        kept += part
    return kept + "…"


def pad(text: str, width: int) -> str:
    """The text, followed by as many blanks as make it `width` cells wide."""
    return text + " " * (width - cells(text))


def fold(text: str, width: int) -> list[str]:
    """One line of text as lines of at most `width` cells, broken at blanks where there are any."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        candidate = f"{line} {word}" if line else word
        if cells(candidate) <= width:
            line = candidate
            continue
        if line:
            lines.append(line)
        *whole, line = _broken(word, width)
        lines += whole
    return [*lines, line]


def wants_colour(choice: str, *, is_terminal: bool) -> bool:
    """Whether to paint: `always`, `never`, or `auto` on a terminal without NO_COLOR."""
    if choice == "auto":
        return is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return choice == "always"


def _broken(word: str, width: int) -> Iterator[str]:
    piece, taken = "", 0
    for part in _graphemes(word):
        size = cells(part)
        if piece and taken + size > width:
            yield piece
            piece, taken = "", 0
        piece, taken = piece + part, taken + size
    yield piece


def _graphemes(text: str) -> Iterator[str]:
    if text.isascii():
        return iter(text)
    from wcwidth import iter_graphemes

    return iter_graphemes(text)
