"""Settings: who acts, how jobs run, when tickets close."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from savctl.config import values
from savctl.config.setting import setting
from savctl.domain.clock_skew import SKEW_LIMIT


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class JobSettings:
    """Who acts, how jobs run, when tickets close."""

    actor: int | None = setting(None, values.whole(1, 2**64 - 1), "your user id, as --as")
    protected: bool = setting(False, values.yes, "print PRODUCTION before risky commands")
    log_format: str = setting(
        "text", values.one_of("text", "json"), "form of the log lines on stderr: text or json"
    )
    auto_close_after: timedelta = setting(
        timedelta(days=7), values.span, "silence after which a waiting ticket closes"
    )
    close_resolved_after: timedelta = setting(
        timedelta(hours=24), values.span, "confirmation window of a resolved ticket"
    )
    closing_brake: int = setting(
        1000, values.whole(1, 10**9), "closings in one run above which confirmation is required"
    )
    batch_size: int = setting(1000, values.whole(1, 5000), "tickets in one transaction of a job")
    lease_seconds: int = setting(
        60, values.whole(5, 3600), "how long a dead host's job stays locked"
    )
    tick_seconds: int = setting(
        15, values.whole(1, 60), "how often the scheduler looks for due jobs"
    )
    catch_up_limit: timedelta = setting(
        timedelta(days=32), values.span, "missed slots older than this are not caught up"
    )
    clock_skew_limit: timedelta = setting(
        SKEW_LIMIT,
        values.span,
        "difference to the database's clock above which this host decides nothing",
    )
