"""Whose clock counts: a host far from the database's clock decides nothing (rules 20.9)."""

from __future__ import annotations

from datetime import datetime, timedelta

from savctl.errors import Unavailable

SKEW_LIMIT = timedelta(seconds=60)
_UNITS = (
    (timedelta(days=1), "days"),
    (timedelta(hours=1), "hours"),
    (timedelta(minutes=1), "minutes"),
)


class ClockOff(Unavailable):
    """This host's clock and the database's differ too much for decisions about time."""

    code = "clock_skew"


def skew_between(before: datetime, database: datetime, after: datetime) -> timedelta:
    """By how much the host is ahead of the database; negative when it is behind.

    `before` and `after` are the host's clock around the question: what lies between them is the
    round trip, no difference.
    """
    if database < before:
        return before - database
    return min(after - database, timedelta())


def require_small(skew: timedelta, *, limit: timedelta, database: str) -> None:
    """Pass unless the clocks differ by more than the limit.

    Raises:
        ClockOff: they do; nothing may be decided here.
    """
    if abs(skew) <= limit:
        return
    raise ClockOff(
        f"this host's clock is {skew_text(skew)} the clock of the database {database}: "
        "nothing was decided by it",
        hint="Set both clocks by NTP; savctl doctor shows the difference. The limit is the "
        "setting clock_skew_limit.",
        skew_seconds=round(skew.total_seconds(), 3),
        limit_seconds=limit.total_seconds(),
    )


def skew_text(skew: timedelta) -> str:
    """The difference for people, such as `8 days ahead of`."""
    side = "ahead of" if skew > timedelta() else "behind"
    size = abs(skew)
    for unit, name in _UNITS:
        if size >= 2 * unit:
            return f"{round(size / unit)} {name} {side}"
    return f"{size.total_seconds():.1f} s {side}"
