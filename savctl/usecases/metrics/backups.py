"""Backups: when each kind was made last, when a dump was proven, what they take."""

from __future__ import annotations

from collections.abc import Iterator

from savctl.domain.metrics.families import MetricSample, gauge
from savctl.persistence.backups import records
from savctl.persistence.backups.records import BackupKind, BackupState
from savctl.persistence.schema.server_info import binary_log_days
from savctl.usecases.metrics.subject import MetricSubject, Scrape

_TABLE = "savctl_backups"
NEVER = 0.0  # the time of what did not happen yet
_SUCCESS = gauge(
    "savctl_backup_last_success_timestamp_seconds",
    "When the newest backup of the kind was made; 0 where one is configured and none was made.",
    _TABLE,
    "kind",
    unit="seconds",
)
_PROVEN = gauge(
    "savctl_backup_last_proven_timestamp_seconds",
    "When a dump was restored for proof last; 0 where dumps are configured and none was.",
    _TABLE,
    unit="seconds",
)
_FAILED = gauge(
    "savctl_backup_failed",
    "1 when the newest one was found spoiled; of `drill`, when a procedure of the last failed.",
    _TABLE,
    "kind",
)
_BYTES = gauge(
    "savctl_backup_bytes",
    "What the backups of the kind take in their place.",
    _TABLE,
    "kind",
    unit="bytes",
)


def _read(scrape: Scrape) -> Iterator[MetricSample]:
    ages = records.ages(scrape.connection)
    wanted = _wanted(scrape)
    for kind in sorted({*ages.last_success, *wanted}):
        at = ages.last_success.get(kind)
        yield _SUCCESS.sample(at.timestamp() if at else NEVER, kind)
    if ages.last_proven is not None:
        yield _PROVEN.sample(ages.last_proven.timestamp())
    elif BackupKind.DUMP in wanted:
        yield _PROVEN.sample(NEVER)
    for kind, state in sorted(records.newest_states(scrape.connection).items()):
        yield _FAILED.sample(state == BackupState.FAILED, kind)
    for kind, size in sorted(ages.bytes_by_kind.items()):
        yield _BYTES.sample(size, kind)


def _wanted(scrape: Scrape) -> set[str]:
    """The kinds that are configured; a server without binary logs has nothing to copy."""
    wanted = set(scrape.places.backup_kinds)
    if BackupKind.BINLOG in wanted and binary_log_days(scrape.connection) is None:
        wanted.remove(BackupKind.BINLOG)
    return wanted


BACKUPS = MetricSubject(name="backups", families=(_SUCCESS, _PROVEN, _FAILED, _BYTES), read=_read)
