"""Settings: who is called when a job begins, ends or fails."""

from __future__ import annotations

from dataclasses import dataclass

from savctl.config import values
from savctl.config.setting import setting


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class WatchSettings:
    """Who is called when a job begins, ends or fails."""

    ping_url: str | None = setting(
        None,
        values.ping_url,
        "asked when a job begins (/start), succeeds, fails (/fail): https://host/{job}",
        secret=True,
    )
    on_failure: str | None = setting(
        None, values.command_line, "program that gets a failed job's report on stdin"
    )
