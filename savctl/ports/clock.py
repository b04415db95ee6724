"""The one source of "now" (rules 1.1)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """The one source of "now" for rules and jobs: an aware UTC instant."""

    def __call__(self) -> datetime:
        """The present instant."""
        ...


def system_clock() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


class SetClock:
    """A clock that stands where it is put: tests, replays and `--at`."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        """The instant it was set to."""
        return self.at

    def advance(self, by: timedelta) -> None:
        """Move forward."""
        self.at += by
