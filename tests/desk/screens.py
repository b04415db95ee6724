"""`savctl top` on a pseudo terminal: what is on its screen, and what it sent.

Every picture begins at the first line of the screen, so the last one is what a person sees.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

_PATIENCE_SECONDS = 30.0
PICTURE = r"\x1b\[1;1H"
_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class ScreenOfTop:
    """A running `savctl top`, and the terminal that it runs on."""

    def __init__(self, ours: int, theirs: int, process: subprocess.Popen[bytes]) -> None:
        self._ours, self.theirs, self.process = ours, theirs, process
        self.received = ""

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self._ours, keys.encode())

    def resize(self, width: int, height: int) -> None:
        """Give the window another size; a real terminal's own program is sent the signal."""
        _set_size(self._ours, width, height)
        self.process.send_signal(signal.SIGWINCH)

    def listen(self, seconds: float) -> None:
        """Take in what is sent during this time."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self._ours], [], [], left)[0]:
                try:
                    self.received += os.read(self._ours, 65_536).decode(errors="replace")
                except OSError:  # Linux says so when the other side is closed
                    return

    def until(self, is_seen: Callable[[str], bool]) -> str:
        """The screen, as soon as it is as wanted."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < end:
            if is_seen(self.text):
                return self.text
            if self.process.poll() is not None:
                self.listen(0.2)
                break
            self.listen(0.05)
        raise AssertionError(f"not seen on the screen:\n{self.text}")

    @property
    def text(self) -> str:
        """What is on the screen now, without colours."""
        return "\n".join(self.lines)

    @property
    def lines(self) -> list[str]:
        """The lines of the last whole picture."""
        shown = re.findall(rf"{PICTURE}(.*?)\x1b\[J", self.received, flags=re.DOTALL)
        lines = re.split(r"\x1b\[[0-9]+;1H", shown[-1]) if shown else []
        return [_SEQUENCE.sub("", line) for line in lines]

    @property
    def modes(self) -> list[object]:
        """How the terminal treats keys: what `stty` shows."""
        return termios.tcgetattr(self.theirs)[:4]

    def end(self) -> int:
        """The exit code, after everything that was sent came in."""
        code = self.process.wait(timeout=_PATIENCE_SECONDS)
        self.listen(0.2)
        return code


@contextmanager
def top_on_a_terminal(
    environment: Mapping[str, str],
    *words: str,
    width: int = 80,
    height: int = 24,
    program: str = "from savctl.cli.main import main; main()",
    **more: str,
) -> Iterator[ScreenOfTop]:
    """A running `savctl top WORDS…` on a terminal of this size; gone at the end.

    `program` is what Python runs.
    """
    ours, theirs = pty.openpty()
    _set_size(theirs, width, height)
    process = subprocess.Popen(
        [sys.executable, "-c", program, "top", *words],
        env={"TERM": "xterm", **environment, **more},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        process_group=0,  # not orphaned, so that it may be stopped
    )
    screen = ScreenOfTop(ours, theirs, process)
    try:
        yield screen
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait()
        os.close(ours)
        os.close(theirs)


def _set_size(descriptor: int, width: int, height: int) -> None:
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
