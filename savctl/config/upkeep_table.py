"""The table of settings: care of the database."""

from __future__ import annotations

from savctl.config import values
from savctl.config.settings import Setting

UPKEEP: tuple[Setting, ...] = (
    Setting(
        "optimize_over_percent",
        ("SAVCTL_OPTIMIZE_OVER_PERCENT",),
        values.whole(1, 100),
        30,
        "share of a table that must be free before it is rebuilt",
    ),
    Setting(
        "optimize_largest_gib",
        ("SAVCTL_OPTIMIZE_LARGEST_GIB",),
        values.whole(0, 10**6),
        10,
        "tables larger than so many GiB are never rebuilt; 0: none is",
    ),
)
