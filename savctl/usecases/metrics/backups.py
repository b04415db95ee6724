"""Backups: when each kind was made last, when a dump was proven, what they take."""

from __future__ import annotations

from collections.abc import Iterator

from savctl.domain.metrics.families import MetricSample, gauge
from savctl.persistence.backups import records
from savctl.usecases.metrics.subject import MetricSubject, Scrape

_TABLE = "savctl_backups"
_SUCCESS = gauge(
    "savctl_backup_last_success_timestamp_seconds",
    "When the newest backup of the kind was made.",
    _TABLE,
    "kind",
    unit="seconds",
)
_PROVEN = gauge(
    "savctl_backup_last_proven_timestamp_seconds",
    "When a dump was restored for proof last.",
    _TABLE,
    unit="seconds",
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
    for kind, at in sorted(ages.last_success.items()):
        yield _SUCCESS.sample(at.timestamp(), kind)
    if ages.last_proven is not None:
        yield _PROVEN.sample(ages.last_proven.timestamp())
    for kind, size in sorted(ages.bytes_by_kind.items()):
        yield _BYTES.sample(size, kind)


BACKUPS = MetricSubject(name="backups", families=(_SUCCESS, _PROVEN, _BYTES), read=_read)
