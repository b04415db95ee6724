"""How long to wait before the next try: longer each time, and never all at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta


def pause(
    attempt: int,
    *,
    first: timedelta = timedelta(seconds=1),
    longest: timedelta = timedelta(minutes=10),
    draw: Callable[[], float],
) -> timedelta:
    """The pause before attempt `attempt` + 1; `draw` answers a number from 0 to 1.

    Between half and the whole of a span that doubles up to `longest`, so that hosts which
    failed together do not come back together.
    """
    span = min(first * (1 << min(attempt - 1, 30)), longest)
    return span / 2 + span / 2 * draw()
