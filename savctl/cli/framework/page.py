"""One thing as a page for a person: a title, named values, sections and prose.

All of it is made safe here. On a terminal long lines are folded at its width; off a terminal
every line stays whole.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import chain

from savctl.cli.framework.terminal import cells, fold, pad, stdout_width
from savctl.cli.framework.text import safe, span_words
from savctl.domain.clock import second_text

Named = Iterable[tuple[str, object]]
Paint = Callable[[str, str], str]  # a line in the colour that its name gives it

_INDENT = 2
_NARROWEST = 20  # cells; less would stand a word's letters below each other
_WIDEST_NAME = 28
_DEEPEST = 6  # objects inside objects; what is deeper is shown as JSON
_TAB = 4
_EMPTY: tuple[object, ...] = (None, "", [], {}, ())


def page(*blocks: Iterable[str]) -> str:
    """Blocks of lines as one text, an empty line between them; empty blocks are left out."""
    return "\n\n".join(text for block in blocks if (text := "\n".join(block)))


def title(*parts: object, inside: int = 0) -> list[str]:
    """What the page, or a part of it, is about; `inside` as for `section`."""
    text = "  ".join(str(part) for part in parts if part is not None)
    return list(_folded(" ".join(text.splitlines()), taken=inside * _INDENT))


def section(name: str, *blocks: Iterable[str], inside: int = 0) -> list[str]:
    """A name over blocks of lines, which are moved in; nothing when the blocks are empty.

    `inside` is how many sections this one will be moved into.
    """
    text = page(*blocks)
    if not text:
        return []
    moved = (" " * _INDENT + line if line else "" for line in text.split("\n"))
    return [*title(name, inside=inside), *moved]


def named(
    values: Named, *, inside: int = 0, keeps_empty: bool = False, paint: Paint | None = None
) -> list[str]:
    """A line for each value, the values one below the other; objects become lines of their own.

    None and empty values are left out, unless `keeps_empty`. `paint` colours the line of a
    value by its name. `inside` as for `section`.
    """
    shown = [(safe(name), value) for name, value in values if keeps_empty or value not in _EMPTY]
    width = max((cells(name) for name, _ in shown if cells(name) <= _WIDEST_NAME), default=0)
    lines = (_named(name, value, width, inside, paint or _unpainted) for name, value in shown)
    return list(chain.from_iterable(lines))


def prose(text: str, *, inside: int = 0) -> list[str]:
    """Text of several lines; an empty line stays one. `inside` as for `section`."""
    lines = text.strip("\n").splitlines()
    return [part for line in lines for part in _folded(line, taken=inside * _INDENT)]


def when(moment: datetime | None, now: datetime) -> str | None:
    """An instant and how far it is: `2025-10-03T10:30:00Z (3 h ago)`, `… (in 2 h 5 min)`."""
    if moment is None:
        return None
    far = span_words(moment - now)
    away = f"in {far}" if moment > now else f"{_largest(far)} ago"
    return f"{second_text(moment)} ({away})"


def size_words(size_bytes: int) -> str:
    """`312 B`, `1.4 KiB`, `20.0 MiB`."""
    size, unit = float(size_bytes), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{size_bytes} B" if unit == "B" else f"{size:.1f} {unit}"


def and_more(total: int, *, shown: int, listed: int) -> list[str]:
    """The line that names how many items are not shown, and what JSON lists of them."""
    if total <= shown:
        return []
    which = "them" if total <= listed else f"the first {listed:,}"
    return [f"… and {total - shown:,} more: -o json lists {which}"]


def _largest(words: str) -> str:
    """The largest part of a span only: an age is read at a glance, a target is waited for."""
    return " ".join(words.split(" ")[:2])


def _unpainted(_: str, line: str) -> str:
    return line


def _named(name: str, value: object, width: int, inside: int, paint: Paint) -> Iterator[str]:
    if isinstance(value, list | tuple) and any(isinstance(each, Mapping | list) for each in value):
        value = {str(number): each for number, each in enumerate(value, start=1)}
    if isinstance(value, Mapping) and value and inside < _DEEPEST:
        yield name
        inner = named(((str(key), each) for key, each in value.items()), inside=inside + 1)
        yield from (" " * _INDENT + line for line in inner)
        return
    room = max(width, cells(name))
    taken = inside * _INDENT + room + 2
    lines = [part for line in _lines_of(value) for part in _folded(line, taken=taken)]
    for number, line in enumerate(lines):
        yield f"{pad(name if number == 0 else '', room)}  {paint(name, line)}".rstrip()


def _lines_of(value: object) -> list[str]:
    if isinstance(value, str):
        return value.splitlines() or [""]
    if isinstance(value, list | tuple):
        return [", ".join(part for each in value for part in _lines_of(each))]
    if value is None:
        return [""]
    return [_text_of(value)]


def _text_of(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case datetime():
            return second_text(value)
        case timedelta():
            return span_words(value)
        case Mapping():
            return json.dumps(dict(value), ensure_ascii=False, default=str)
    return str(value)


def _folded(line: str, *, taken: int = 0) -> Iterator[str]:
    """A line, made safe; on a terminal as many as it takes beside what is `taken`."""
    shown, room = safe(line.expandtabs(_TAB)).rstrip(), stdout_width()
    if room is None or cells(shown) + taken <= room:
        yield shown
    else:
        yield from (part.rstrip() for part in fold(shown, max(_NARROWEST, room - taken)))
