"""How many commands the user of a token may start: a window that slides (rules 12.5)."""

from __future__ import annotations

from collections.abc import Sequence

from savctl.errors import Unavailable

WINDOW_SECONDS = 60
_SECOND = 1_000_000
_WINDOW = WINDOW_SECONDS * _SECOND


class RateLimited(Unavailable):
    """The user has started as many commands as the last 60 seconds allow; this one did nothing."""

    code = "rate_limited"

    def __init__(self, *, limit: int, wait: int) -> None:
        super().__init__(
            f"the limit of commands a minute is reached: {limit:,}",
            hint=f"Run it again in {wait} s. The setting rate_limit is the limit.",
            retry_after_seconds=wait,
        )


def with_one_more(used: Sequence[int], *, now: int, limit: int) -> list[int]:
    """The commands of the window that ends now, and this one.

    Instants are microseconds of the database's clock, in order. A clock that was set back a
    little stands still until it is where it was; instants that are further ahead are forgotten.

    Raises:
        RateLimited: the window is full.
    """
    believed = [at for at in used if at <= now + _WINDOW]
    now = max([now, *believed])
    recent = [at for at in believed if at > now - _WINDOW]
    if len(recent) >= limit:
        leaves_after = recent[-limit] + _WINDOW - now
        raise RateLimited(limit=limit, wait=-(-leaves_after // _SECOND))
    return [*recent, now]
