"""A stream of records, read in the order of its kinds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from savctl.domain.privacy.disclosure import Kind, Record

Item = tuple[Kind, Record]


class Records:
    """Records one after the other, the kind of the next one known before it is taken."""

    def __init__(self, items: Iterator[Item]) -> None:
        self._items = items
        self._next = next(items, None)

    def all_of(self, kind: Kind) -> Iterator[dict[str, Any]]:
        """The records of this kind that come next, each to be used before the next one."""
        while self._next is not None and self._next[0] is kind:
            record = dict(self._next[1])
            self._next = next(self._items, None)
            yield record
