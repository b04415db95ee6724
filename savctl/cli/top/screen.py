"""One screenful of the desk: every line fits, every section has a part of the room."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from savctl.cli.desk.sections import DeskSection, desk_sections
from savctl.cli.framework.tables.colours import colour, painted, red
from savctl.cli.framework.tables.layout import fitted
from savctl.cli.framework.terminal import cells, clip
from savctl.cli.framework.text import cell, safe
from savctl.domain.clock import second_text
from savctl.usecases.desk.watch import DeskReading

_TWO_COLUMNS = 120  # cells from which on there are two
_GAP = 3
_LEFT = 3  # sections in the left one
_BOLD, _REVERSE = "1", "7"
_SEQUENCE = re.compile("\x1b\\[[0-9;]*m")
_KEYS = "q quit   r refresh   left/right section   up/down scroll"


@dataclass(slots=True)
class View:
    """What the person chose: a section, and how far down it is scrolled."""

    selected: int = 0
    offset: int = 0

    def select(self, step: int, count: int) -> None:
        """Go to the next section, or to the one before."""
        self.selected, self.offset = (self.selected + step) % count, 0

    def scroll(self, step: int) -> None:
        """Go up or down in the section; where it ends is known when it is drawn."""
        self.offset = max(0, self.offset + step)


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """How much room there is, and whether to paint."""

    width: int
    height: int
    has_colours: bool

    def painted(self, text: str, code: str) -> str:
        """The text in a colour, where there are colours."""
        return colour(text, code) if self.has_colours else text


def draw(reading: DeskReading, view: View, canvas: Canvas, *, name: str) -> list[str]:
    """The lines of the screen, at most as many as it has."""
    head = clip(_heading(reading, name), canvas.width)
    if reading.problem is not None and canvas.has_colours:
        head = red(head)
    else:
        head = canvas.painted(head, _BOLD)
    room = canvas.height - 2
    body = _body(reading, view, canvas, room) if room > 0 else []
    body += [""] * (room - len(body))
    foot = canvas.painted(clip(_KEYS, canvas.width), _REVERSE)
    return [head, *body, foot][: canvas.height]


def whole(reading: DeskReading, *, name: str, has_colours: bool) -> str:
    """Everything, for a pipe: no line is cut."""
    canvas = Canvas(width=0, height=0, has_colours=has_colours)
    blocks = [_heading(reading, name)]
    for section in desk_sections(reading.desk) if reading.desk else ():
        rows = [safe(section.title), *(f"  {line}" for line in _lines(section, canvas, None))]
        blocks.append("\n".join(rows))
    return "\n\n".join(blocks)


def _heading(reading: DeskReading, name: str) -> str:
    desk, shown = reading.desk, safe(name)
    if reading.problem is None:
        return f"savctl top  {second_text(desk.at) if desk else 'reading'}  {shown}"
    since = f"since {reading.problem_since:%H:%M:%S}Z" if reading.problem_since else ""
    kept = f"; shown is {desk.at:%H:%M:%S}Z" if desk else ""
    return f"savctl top  NO DATA {since}{kept}: {safe(reading.problem)}"


def _body(reading: DeskReading, view: View, canvas: Canvas, room: int) -> list[str]:
    if reading.desk is None:
        return []
    sections = desk_sections(reading.desk)
    view.selected %= len(sections)
    if canvas.width < _TWO_COLUMNS:
        return _column(sections, 0, view, canvas, room)
    half = (canvas.width - _GAP) // 2
    narrow = Canvas(width=half, height=canvas.height, has_colours=canvas.has_colours)
    left = _column(sections[:_LEFT], 0, view, narrow, room)
    right = _column(sections[_LEFT:], _LEFT, view, narrow, room)
    rows = max(len(left), len(right))
    left += [""] * (rows - len(left))
    right += [""] * (rows - len(right))
    return [_padded(a, half + _GAP) + b for a, b in zip(left, right, strict=True)]


def _column(
    sections: Sequence[DeskSection], first: int, view: View, canvas: Canvas, room: int
) -> list[str]:
    """Sections one below the other, `first` being the number of the first one."""
    lines: list[str] = []
    chosen = view.selected - first
    shared = heights(sections, chosen, room)
    is_roomy = sum(shared) + 2 * len(sections) - 1 <= room  # an empty line between them
    for at, height in enumerate(shared):
        if height < 0:
            continue
        lines += [""] * (is_roomy and at > 0)
        is_chosen = at == chosen
        section = sections[at]
        mark = "> " if is_chosen else "  "
        lines.append(canvas.painted(clip(mark + safe(section.title), canvas.width), _BOLD))
        lines += _part(section, canvas, height, view if is_chosen else None)
    return lines


def _part(section: DeskSection, canvas: Canvas, height: int, view: View | None) -> list[str]:
    """The lines of a section that have room, from where it is scrolled to."""
    if section.short and height < min(3, section.height):
        return [clip(f"  {safe(section.short)}", canvas.width)][:height]
    all_lines = [f"  {line}" for line in _lines(section, canvas, canvas.width - 2)]
    head, rest = all_lines[: section.has_headers], all_lines[section.has_headers :]
    shown = height - len(head)
    if view is not None:
        view.offset = min(view.offset, max(0, len(rest) - shown))
        rest = rest[view.offset :]
    return [*head, *rest[: max(shown, 0)]][:height]


def _lines(section: DeskSection, canvas: Canvas, room: int | None) -> list[str]:
    """Rows one below the other by cells; `room` chooses the columns, None takes all."""
    if not section.rows:
        return []
    names, rows = list(section.names), [[cell(text) for text in row] for row in section.rows]
    if room is not None:
        names, rows = fitted(names, rows, kept=names[:2], room=room)
    table = [names, *rows] if section.has_headers else rows
    widths = [max(map(cells, column)) for column in zip(*table, strict=True)]
    lines = []
    for row in table:
        padded = zip(names, row, widths, strict=True)
        shown = [
            (painted(name, text) if canvas.has_colours else text) + " " * (width - cells(text))
            for name, text, width in padded
        ]
        lines.append("  ".join(shown).rstrip())
    return lines


def heights(sections: Sequence[DeskSection], chosen: int, room: int) -> list[int]:
    """Lines of each section below its title; -1 for one that has no room at all.

    The chosen one is served first, then each gets what it needs least, and the rest is shared.
    """
    found = [-1] * len(sections)
    order = sorted(range(len(sections)), key=lambda at: at != chosen)
    for at in order:  # a title, and the least
        if room > 0:
            found[at] = min(sections[at].least, sections[at].height, room - 1)
            room -= 1 + found[at]
    while room > 0:
        hungry = [at for at in order if -1 < found[at] < sections[at].height]
        if not hungry:
            break
        for at in hungry[:room]:
            more = 2 if at == chosen and room > len(hungry) else 1
            more = min(more, sections[at].height - found[at])
            found[at] += more
            room -= more
    return found


def _padded(line: str, width: int) -> str:
    """The line with blanks up to a width; what paints it takes no cell."""
    return line + " " * (width - cells(_SEQUENCE.sub("", line)))
