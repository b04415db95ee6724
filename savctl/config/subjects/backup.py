"""Settings: where backups go, whether they are sealed, how long they are kept (rules 17)."""

from __future__ import annotations

from dataclasses import dataclass

from savctl.config import values
from savctl.config.setting import setting
from savctl.domain.backup.keeping import Keep


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class BackupSettings:
    """Backups and the mirror of the bucket."""

    backup_url: str | None = setting(
        None,
        values.cold_url,
        "where backups go: s3://bucket/prefix or file:///folder; none: no backups",
    )
    backup_encrypt: bool = setting(
        False, values.yes, "encrypt backups and the mirror with the current key; needs keys"
    )
    backup_keep: Keep = setting(
        Keep(days=14, weeks=8, months=12),
        Keep.read,
        "which backups stay: all of so many days, then one a week, then one a month",
    )
    mirror_url: str | None = setting(
        None,
        values.cold_url,
        "where the bucket is mirrored: s3://bucket/prefix or file:///folder; none: no mirror",
    )
    mirror_endpoint: str | None = setting(
        None, values.http_url, "address of the mirror's S3 server; none: that of storage_endpoint"
    )
    mirror_region: str | None = setting(
        None, str, "region of the mirror's bucket; none: that of storage_region"
    )
    mirror_access_key: str | None = setting(
        None, str, "access key of the mirror's bucket; none: the keys of the storage"
    )
    mirror_secret_key: str | None = setting(
        None, str, "its secret; belongs to mirror_access_key", secret=True
    )
