"""Reading a long list page by page, each page behind the last row of the one before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

Row = TypeVar("Row")
Position = TypeVar("Position")


def pages(
    read: Callable[[Position, int], Sequence[Row]],
    position: Callable[[Row], Position],
    *,
    after: Position,
    size: int,
    limit: int = 0,
) -> Iterator[Sequence[Row]]:
    """The pages of a list, in its order; `limit` 0 is no limit. No page is empty.

    `read(after, count)` returns the next `count` rows behind a position, fewer only at the end.
    It opens its own transaction where the pages are not to share one.
    """
    left = limit
    while True:
        count = min(size, left) if limit else size
        page = read(after, count)
        if page:
            yield page
        left -= len(page)
        if len(page) < count or (limit and not left):
            return
        after = position(page[-1])
