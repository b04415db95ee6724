"""Settings: one table says their names, defaults, meaning and where each value came from.

Order: environment, then `--config FILE`, `./savctl.toml` or the user's file, then the default
(contract: command line, 2).
"""

from __future__ import annotations

from savctl.config.load import (
    SCHEDULE_PREFIX,
    SETTINGS,
    default_home,
    find_file,
    from_environment,
    load,
    redacted,
    user_file,
)
from savctl.config.settings import Setting, Settings

__all__ = [
    "SCHEDULE_PREFIX",
    "SETTINGS",
    "Setting",
    "Settings",
    "default_home",
    "find_file",
    "from_environment",
    "load",
    "redacted",
    "user_file",
]
