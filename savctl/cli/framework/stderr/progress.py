"""How far something is: one line of the terminal, rewritten in place; off a terminal its end only.

After a second without news a mark turns and the seconds are counted, so that a wait is seen.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.stderr.streams import erase_line, has_log_lines, rewrite_line
from savctl.cli.framework.terminal import clip, stderr_width
from savctl.cli.framework.text import safe, span_words

Report = TypeVar("Report")
_MARKS = "|/-\\"
_BAR = 20  # cells
_PATIENCE = 1.0  # seconds without news before a wait is shown
_TURN = 0.2


class Progress:
    """What is known of the work so far; `total` gives a bar and the time left."""

    def __init__(self, *, total: float | None = None, is_seen: bool = True) -> None:
        self.text = ""
        self._total, self.is_seen = total, is_seen
        self._began = self._heard = time.monotonic()
        self._drawn = 0.0
        self._share = 0.0

    def expect(self, total: float) -> None:
        """How much there is to do; known only once the work has begun."""
        self._total, self._began = total, time.monotonic()

    def show(self, text: str, *, done: float | None = None) -> None:
        """The counts so far, and how much of the total they are."""
        self.text = text
        self._heard = time.monotonic()
        if self._total and done is not None:
            self._share = min(1.0, max(0.0, done / self._total))
        if self._heard - self._drawn >= _TURN:
            self._draw("")

    def wait(self, ended: threading.Event) -> None:
        """Turn the mark while nothing is heard, until the work has ended."""
        turn = 0
        while not ended.wait(_TURN):
            if time.monotonic() - self._heard >= _PATIENCE:
                turn += 1
                self._draw(f"{_MARKS[turn % len(_MARKS)]} ")

    def _draw(self, mark: str) -> None:
        if not self.is_seen:
            return
        self._drawn = time.monotonic()
        spent = timedelta(seconds=self._drawn - self._began)
        tail = f"  {span_words(spent)}" if mark else ""
        if self._share:
            filled = round(self._share * _BAR)
            left = timedelta(seconds=spent.total_seconds() / self._share * (1 - self._share))
            bar = "#" * filled + "." * (_BAR - filled)
            tail = f"  [{bar}] {self._share:.0%}, about {span_words(left)} left"
        rewrite_line(clip(f"{mark}{safe(self.text or 'working')}{tail}", stderr_width() - 1))


@contextmanager
def watching(
    call: CommandContext, *, total: float | None = None, closes: bool = True
) -> Iterator[Progress]:
    """Show progress while the block runs; off a terminal, one line of counts at its end.

    `closes=False` is for what answers with those counts itself.
    """
    is_seen = sys.stderr.isatty() and not call.quiet and not has_log_lines()
    progress = Progress(total=total, is_seen=is_seen)
    if not is_seen:
        yield progress
        if closes and progress.text:
            call.note(progress.text)
        return
    ended = threading.Event()
    watcher = threading.Thread(target=progress.wait, args=(ended,), daemon=True)
    watcher.start()
    try:
        yield progress
    finally:
        ended.set()
        watcher.join()
        erase_line()


def counting(progress: Progress, words: Callable[[Report], str]) -> Callable[[Report], None]:
    """What a batch reports its counts to."""
    return lambda report: progress.show(words(report))
