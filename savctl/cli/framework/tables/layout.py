"""Tables for people: a line for each row, aligned by cells, fitted to the terminal.

Columns stand in order of worth: the last goes first. A value of one word, such as an id or a time,
is cut only when nothing else helps; a text with blanks is cut first.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TextIO

from savctl.cli.framework.tables.colours import painted
from savctl.cli.framework.terminal import cells, clip
from savctl.cli.framework.text import safe

_GAP = 2
_LEAST_TEXT = 24  # cells of a text with blanks: with fewer, another column goes instead
_LEAST_WORD = 40  # cells of a value of one word
_LEAST = 4


def write_table(
    names: Sequence[str],
    rows: Sequence[Sequence[str]],
    out: TextIO,
    *,
    kept: Collection[str] = (),
    room: int | None = None,
    has_headers: bool = True,
    has_colours: bool = False,
) -> None:
    """Write rows of safe texts below their headers, as wide as they are or as `room` allows."""
    if room is not None:
        names, rows = fitted(names, rows, kept=kept, room=room)
    if has_colours:
        rows = [[painted(n, text) for n, text in zip(names, row, strict=True)] for row in rows]
    from tabulate import tabulate

    lines = [[safe(name) for name in names], *rows] if has_headers else rows
    table = tabulate(lines, tablefmt="plain", disable_numparse=True)  # as headers they get blanks
    out.writelines(f"{line.rstrip(' ')}\n" for line in table.split("\n"))


def fitted(
    names: Sequence[str], rows: Sequence[Sequence[str]], *, kept: Collection[str], room: int
) -> tuple[list[str], list[list[str]]]:
    """The columns that have room, and their cells, cut where they are too long."""
    columns = [[name, *(row[at] for row in rows)] for at, name in enumerate(names)]
    whole = [max(map(cells, column)) for column in columns]
    least = [_least(column, width) for column, width in zip(columns, whole, strict=True)]
    chosen = _chosen(names, whole=whole, least=least, kept=kept, room=room)
    widths = _shared(
        [whole[at] for at in chosen],
        [least[at] for at in chosen],
        room - _GAP * (len(chosen) - 1),
    )
    cut = [
        [clip(text, width) for text in columns[at]]
        for at, width in zip(chosen, widths, strict=True)
    ]
    headers = [column[0] for column in cut]
    return headers, [[column[line] for column in cut] for line in range(1, len(rows) + 1)]


def _least(column: Sequence[str], width: int) -> int:
    """The cells below which a column says too little."""
    has_texts = any(" " in text for text in column[1:])
    return min(width, max(_LEAST_TEXT, cells(column[0])) if has_texts else _LEAST_WORD)


def _chosen(
    names: Sequence[str],
    *,
    whole: Sequence[int],
    least: Sequence[int],
    kept: Collection[str],
    room: int,
) -> list[int]:
    """The columns that stay: the first, those that are kept, and what has room beside them."""
    chosen = list(range(len(names)))
    if sum(whole) + _GAP * (len(chosen) - 1) <= room:
        return chosen
    for at in reversed(range(1, len(names))):
        if sum(least[each] for each in chosen) + _GAP * (len(chosen) - 1) <= room:
            break
        if names[at] not in kept:
            chosen.remove(at)
    return chosen


def _shared(whole: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Widths that fit together: the widest columns give way, down to what they need at least."""
    floors = least if sum(least) <= room else [0] * len(whole)
    cap = max(whole, default=0)
    while cap > _LEAST and sum(_capped(whole, floors, cap)) > room:
        cap -= 1
    return _capped(whole, floors, cap)


def _capped(whole: Sequence[int], floors: Sequence[int], cap: int) -> list[int]:
    pairs = zip(whole, floors, strict=True)
    return [max(floor, min(width, cap)) for width, floor in pairs]
