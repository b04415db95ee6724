"""The table of settings: care of the database, archive, retention."""

from __future__ import annotations

from savctl.config import values
from savctl.config.settings import Setting
from savctl.domain.tickets.retention import Age

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
    Setting(
        "archive_url",
        ("SAVCTL_ARCHIVE_URL",),
        values.cold_url,
        None,
        "cold storage: s3://bucket/prefix or file:///folder; none: archive/ in the bucket",
    ),
    Setting(
        "archive_after",
        ("SAVCTL_ARCHIVE_AFTER",),
        Age.read,
        Age(years=1),
        "how long after their closing tickets go to the archive",
    ),
    Setting(
        "archive_bundle_tickets",
        ("SAVCTL_ARCHIVE_BUNDLE_TICKETS",),
        values.whole(1, 5000),
        2000,
        "tickets in one bundle",
    ),
    Setting(
        "archive_brake",
        ("SAVCTL_ARCHIVE_BRAKE",),
        values.whole(1, 10**9),
        10_000,
        "tickets archived in one run that need a person's word first",
    ),
    Setting(
        "retention_after",
        ("SAVCTL_RETENTION_AFTER",),
        Age.read,
        Age(years=7),
        "how long after their closing tickets are removed for good",
    ),
    Setting(
        "retention_brake",
        ("SAVCTL_RETENTION_BRAKE",),
        values.whole(1, 10**9),
        1000,
        "tickets removed for good in one run that need a person's word first",
    ),
)
