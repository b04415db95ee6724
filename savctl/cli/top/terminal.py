"""The terminal while a screen is shown: its other page, single keys, no cursor.

Whatever ends the program gives it back as it was: the end of the block, an error, a signal.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
import tty
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

_ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J"
_LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l"
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_FALLBACK = (80, 24)
Handler = Callable[[int, FrameType | None], None]


class ScreenTerminal:
    """What happens on the terminal: keys, signals, and news from other threads."""

    def __init__(self) -> None:
        self.ended_by: signal.Signals | None = None
        self.is_gone = False  # nobody reads what is written
        self._in, self._out = sys.stdin.fileno(), sys.stdout.fileno()
        self._encoding = sys.stdout.encoding or "utf-8"
        self._before = termios.tcgetattr(self._in)
        self._news, self._wake = os.pipe()
        for end in (self._news, self._wake):
            os.set_blocking(end, False)

    def wake(self) -> None:
        """Let `wait` return at once; safe in any thread and in a signal handler."""
        with suppress(OSError):
            os.write(self._wake, b"\0")

    def wait(self, seconds: float) -> bytes:
        """The keys that came meanwhile; returns early with keys, news or a signal."""
        ready, _, _ = select.select([self._in, self._news], [], [], max(seconds, 0))
        if self._news in ready:
            with suppress(OSError):
                os.read(self._news, 4096)
        if self._in not in ready:
            return b""
        try:
            received = os.read(self._in, 1024)
        except OSError:
            received = b""
        self.is_gone |= not received
        return received

    def size(self) -> tuple[int, int]:
        """Columns and lines, as they are now."""
        try:
            width, height = os.get_terminal_size(self._out)
        except OSError:
            return _FALLBACK
        return (width or _FALLBACK[0], height or _FALLBACK[1])

    def show(self, lines: Sequence[str]) -> None:
        """The whole screen, from its first line on."""
        placed = "".join(f"\x1b[{at};1H{line}\x1b[K" for at, line in enumerate(lines, start=1))
        self._write(f"\x1b[?2026h{placed}\x1b[J\x1b[?2026l")  # as one picture, where known

    def enter(self) -> None:
        """Take the other page."""
        tty.setcbreak(self._in)
        self._write(_ENTER)

    def leave(self) -> None:
        """Give the terminal back."""
        self._write(_LEAVE)
        with suppress(termios.error):
            termios.tcsetattr(self._in, termios.TCSADRAIN, self._before)

    def close(self) -> None:
        """Give up the pipe."""
        os.close(self._news)
        os.close(self._wake)

    def end(self, number: int, _: FrameType | None = None) -> None:
        """A signal asks to end; the first one counts."""
        if self.ended_by is None:
            self.ended_by = signal.Signals(number)
        self.wake()

    def resized(self, *_: object) -> None:
        """The window has another size now."""
        self.wake()

    def pause(self, *_: object) -> None:
        """Ctrl-Z: the shell gets its own page, and the screen comes back with `fg`."""
        self.leave()
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, self.pause)
        self.enter()
        self.wake()

    def _write(self, text: str) -> None:
        left = text.encode(self._encoding, "replace")
        while left and not self.is_gone:
            try:
                left = left[os.write(self._out, left) :]
            except BlockingIOError:
                select.select([], [self._out], [], 1)
            except OSError:  # the terminal was closed
                self.is_gone = True


@contextmanager
def screen_terminal() -> Iterator[ScreenTerminal]:
    """The terminal for a screen, and given back at the end of the block."""
    terminal = ScreenTerminal()
    handlers: dict[signal.Signals, Handler] = {
        **dict.fromkeys(_ENDING, terminal.end),
        signal.SIGWINCH: terminal.resized,
        signal.SIGTSTP: terminal.pause,
    }
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        terminal.enter()
        yield terminal
    finally:
        terminal.leave()
        for number, handler in before.items():
            is_over = terminal.ended_by is not None and number in _ENDING
            signal.signal(number, signal.SIG_IGN if is_over else handler)
        terminal.close()
