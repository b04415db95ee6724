"""A page of a list, and how to get the next one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from savctl.cli.framework.context import CommandContext

Item = TypeVar("Item")


def up_to(
    call: CommandContext,
    found: Iterable[Item],
    limit: int,
    *,
    after: Callable[[Item], object] | None = None,
) -> Iterator[Item]:
    """At most `limit` of what was found, 0 for all; a note says that there is more.

    `found` holds one item more than `limit` then. `after` answers what `--after` takes to
    continue behind an item.
    """
    shown: list[Item] = []  # the last one
    for number, item in enumerate(found, start=1):
        if limit and number > limit:
            place = "".join(f"--after {after(last)}, or " for last in shown if after is not None)
            call.note(f"there are more: {place}--limit 0 for all")
            return
        yield item
        shown = [item]
