"""A machine that sleeps: its boot clock jumps, and no thread of the process has noticed."""

from __future__ import annotations

import time

import pytest


class BootClock:
    """The clock that leases are counted on, moved by hand; it runs as well."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._asleep = 0.0
        self._real = time.clock_gettime
        monkeypatch.setattr(time, "clock_gettime", self._read)

    def sleep(self, seconds: float) -> None:
        """So much time has passed."""
        self._asleep += seconds

    def _read(self, clock: int) -> float:
        return self._real(clock) + self._asleep
