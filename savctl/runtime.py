"""When the interpreter looks for garbage: not while a command starts, often while it works."""

from __future__ import annotations

import gc

# Net new objects between two looks for garbage. What a start imports stays to the end: to look
# through it would be a quarter of the time of `savctl ticket show`.
_STARTING = 10_000_000
_WORKING = 2_000


def begin_start_up() -> None:
    """Put off looking for garbage until the work begins."""
    gc.set_threshold(_STARTING)


def end_start_up() -> None:
    """Collect garbage as a long run needs it, and look no more at what the start imported.

    An import or a relay that collected as seldom as a start would keep the reference cycles of
    a million rows.
    """
    if gc.get_threshold()[0] == _STARTING:
        gc.freeze()
    gc.set_threshold(_WORKING)
