"""SIGTERM and SIGINT as a wish: finish the batch at hand, then stop (rules 10.2)."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

_LOOK_EVERY_SECONDS = 0.1
_STDERR = 2


class Stop:
    """Whether somebody asked to stop, and with which signal.

    A plain attribute on purpose: a handler that set a `threading.Event` could hang for ever,
    when the signal comes while the main thread holds that event's lock.
    """

    def __init__(self, announcement: bytes = b"") -> None:
        self.signal: signal.Signals | None = None
        self._announcement = announcement

    def request(self, number: int, _: FrameType | None = None) -> None:
        """Ask to stop; the first signal counts, further ones change nothing."""
        if self.signal is None:
            self.signal = signal.Signals(number)
            with suppress(OSError):  # not by sys.stderr: its buffer may be in use at this moment
                os.write(_STDERR, self._announcement)

    def is_set(self) -> bool:
        """Whether to stop."""
        return self.signal is not None

    @property
    def exit_code(self) -> int | None:
        """The exit code of a process that ends by its signal; None while nobody asked."""
        return None if self.signal is None else 128 + self.signal

    def wait(self) -> None:
        """Sleep until somebody asks."""
        while not self.is_set():
            time.sleep(_LOOK_EVERY_SECONDS)


@contextmanager
def stopping_on_signals(announcement: bytes = b"") -> Iterator[Stop]:
    """Turn SIGTERM and SIGINT into a `Stop` while the block runs (main thread only).

    The announcement is written to stderr when the first one is caught.

    Once one has come, both are ignored from the end of the block to the end of the process: a
    second one must not cut off the report.
    """
    stop = Stop(announcement)
    before = {
        number: signal.signal(number, stop.request) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if stop.is_set() else handler)
