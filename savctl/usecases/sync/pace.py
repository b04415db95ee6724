"""Many questions, a few at a time, no faster than other services are to be asked (rules 14.6)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from savctl.persistence.sql import chunks

T = TypeVar("T")
_TOGETHER = 25


def paced(
    items: Iterable[T],
    *,
    rate: int,
    should_stop: Callable[[], bool],
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[list[T]]:
    """The items in small groups, at most `rate` a second; ends early when asked to stop."""
    free_at = 0.0
    for group in chunks(items, min(_TOGETHER, rate)):
        while (left := free_at - time.monotonic()) > 0 and not should_stop():
            sleep(min(left, 0.1))
        if should_stop():
            return
        free_at = time.monotonic() + len(group) / rate
        yield group
