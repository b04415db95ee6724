"""Settings: their names, defaults, meaning, and where each value came from.

Order: environment, then `--config FILE`, `./savctl.toml`, the user's file or the machine's, then
the default (contract: command line, 2).
"""

from __future__ import annotations

from savctl.config.load import (
    SYSTEM_FILE,
    Configuration,
    default_home,
    find_file,
    from_environment,
    load,
    places,
    read_configuration,
    redacted,
    user_file,
    wrong_settings,
)
from savctl.config.names import SCHEDULE_PREFIX
from savctl.config.setting import Setting
from savctl.config.settings import SETTINGS, Settings

__all__ = [
    "SCHEDULE_PREFIX",
    "SETTINGS",
    "SYSTEM_FILE",
    "Configuration",
    "Setting",
    "Settings",
    "default_home",
    "find_file",
    "from_environment",
    "load",
    "places",
    "read_configuration",
    "redacted",
    "user_file",
    "wrong_settings",
]
