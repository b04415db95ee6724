"""Settings: care of the database, archive, retention."""

from __future__ import annotations

from dataclasses import dataclass

from savctl.config import values
from savctl.config.setting import setting
from savctl.domain.age import Age


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class UpkeepSettings:
    """Care of the database, archive, retention."""

    optimize_over_percent: int = setting(
        30, values.whole(1, 100), "share of a table that must be free before it is rebuilt"
    )
    optimize_largest_gib: int = setting(
        10, values.whole(0, 10**6), "tables larger than so many GiB are never rebuilt; 0: none is"
    )
    archive_url: str | None = setting(
        None,
        values.cold_url,
        "cold storage: s3://bucket/prefix or file:///folder; none: archive/ in the bucket",
    )
    archive_after: Age = setting(
        Age(years=1), Age.read, "how long after their closing tickets go to the archive"
    )
    archive_bundle_tickets: int = setting(2000, values.whole(1, 5000), "tickets in one bundle")
    archive_brake: int = setting(
        10_000,
        values.whole(1, 10**9),
        "tickets archived in one run above which confirmation is required",
    )
    retention_after: Age = setting(
        Age(years=7), Age.read, "how long after their closing tickets are removed for good"
    )
    retention_brake: int = setting(
        1000,
        values.whole(1, 10**9),
        "tickets removed in one run above which confirmation is required",
    )
    analytics_url: str | None = setting(
        None,
        values.cold_url,
        "months for other programs: s3://bucket/prefix or file:///folder; none: analytics/ "
        "beside the archive",
    )
    analytics_format: str = setting(
        "csv", values.one_of("csv", "jsonl"), "form of the files that analytics-export writes"
    )
    analytics_months: int = setting(
        12, values.whole(1, 120), "months back that analytics-export compares with their files"
    )
    analytics_smallest: int = setting(
        5,
        values.whole(1, 10**6),
        "tickets that a cell of analytics needs; smaller ones are summed or left out",
    )
