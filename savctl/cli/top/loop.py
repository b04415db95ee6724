"""The screen: draw, wait for a key, a reading or the end of the interval, and again."""

from __future__ import annotations

import time

from savctl.cli.top.keys import Key, keys
from savctl.cli.top.screen import Canvas, View, draw
from savctl.cli.top.terminal import ScreenTerminal, screen_terminal
from savctl.errors import ExitCode
from savctl.usecases.desk.reader import DeskReader
from savctl.usecases.desk.watch import DeskWatch

_SECTIONS = 6
_SHARE = 100  # a look is followed by so many times the processor time that it took: 1 %
_LONGEST_PAUSE_SECONDS = 60.0
_LOOK_SECONDS = 1.0  # how often a reading that hangs is looked after


def run_screen(reader: DeskReader, *, name: str, interval: int, has_colours: bool) -> int:
    """Show the desk until q or a signal; answers the exit code."""
    with screen_terminal() as terminal:
        watch = DeskWatch(reader, on_read=terminal.wake)
        screen = _Screen(terminal, watch, name=name, interval=interval, has_colours=has_colours)
        while not screen.is_over:
            screen.step()
        ended_by = terminal.ended_by
    return int(ExitCode.DONE) if ended_by is None else 128 + ended_by


class _Screen:
    def __init__(
        self,
        terminal: ScreenTerminal,
        watch: DeskWatch,
        *,
        name: str,
        interval: int,
        has_colours: bool,
    ) -> None:
        self.is_over = False
        self._terminal, self._watch, self._name = terminal, watch, name
        self._interval, self._has_colours = interval, has_colours
        self._view = View()
        self._reads_at = time.monotonic()
        self._looks = 0
        self._drawn: list[str] = []

    def step(self) -> None:
        """Read when it is time, draw what is new, wait for something."""
        if time.monotonic() >= self._reads_at:
            self._read()
        self._draw()
        left = self._reads_at - time.monotonic()
        if self._watch.is_reading:
            left = min(left, _LOOK_SECONDS)
        received = self._terminal.wait(left)
        for key in keys(received):
            self._press(key)
        self.is_over |= self._terminal.ended_by is not None or self._terminal.is_gone

    def _read(self, *, everything: bool = False) -> None:
        """Begin to read; the next time is later when the last one took much processor time."""
        self._watch.start(everything=everything)
        self._looks += 1
        cost = self._watch.latest.cpu_seconds if self._looks > 2 else 0.0  # the first one imports
        pause = min(cost * _SHARE, _LONGEST_PAUSE_SECONDS)
        self._reads_at = time.monotonic() + max(self._interval, pause)

    def _draw(self) -> None:
        width, height = self._terminal.size()
        canvas = Canvas(width=width, height=height, has_colours=self._has_colours)
        lines = draw(self._watch.latest, self._view, canvas, name=self._name)
        if lines != self._drawn:
            self._terminal.show(lines)
            self._drawn = lines

    def _press(self, key: Key) -> None:
        match key:
            case Key.QUIT:
                self.is_over = True
            case Key.REFRESH:
                self._read(everything=True)
            case Key.LEFT:
                self._view.select(-1, _SECTIONS)
            case Key.RIGHT:
                self._view.select(1, _SECTIONS)
            case Key.UP:
                self._view.scroll(-1)
            case Key.DOWN:
                self._view.scroll(1)
