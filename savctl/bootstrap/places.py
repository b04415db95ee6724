"""Folders and buckets as the settings name them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from savctl.config import Settings
from savctl.errors import ConfigurationError

if TYPE_CHECKING:
    from savctl.adapters.s3.client import S3Settings
    from savctl.ports.backup_place import BackupPlace


def open_place(
    name: str, url: str | None, settings_of: Callable[[str], S3Settings]
) -> BackupPlace:
    """A folder or a prefix of a bucket that keeps whole files; `name` is the setting's.

    Raises:
        ConfigurationError: there is no `url`.
    """
    if url is None:
        raise ConfigurationError(
            f"{name} is not set: there is no place for it",
            hint=f"Set SAVCTL_{name.upper()} to s3://bucket/prefix or file:///folder.",
        )
    if url.startswith("file://"):
        from savctl.adapters.backups.folder import BackupFolder

        return BackupFolder(Path(url.removeprefix("file://")))
    from savctl.adapters.backups.s3 import BackupBucket

    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    return BackupBucket(settings_of(bucket), f"{prefix}/" if prefix else "")


def s3_settings(settings: Settings, bucket: str) -> S3Settings:
    """Those of the storage, for a bucket on its server."""
    from savctl.adapters.s3.client import S3Settings

    return S3Settings(
        bucket=bucket,
        endpoint=settings.storage_endpoint,
        public_endpoint=settings.storage_public_endpoint,
        region=settings.storage_region,
        is_path_style=settings.storage_path_style,
        access_key=settings.storage_access_key,
        secret_key=settings.storage_secret_key,
        session_token=settings.storage_session_token,
    )


def mirror_settings(own: Settings, bucket: str) -> S3Settings:
    """Those of the storage, but for what the mirror has of its own; keys come together."""
    usual = s3_settings(own, bucket)
    changed: dict[str, str | None] = {}
    if own.mirror_endpoint is not None:
        changed |= {"endpoint": own.mirror_endpoint, "public_endpoint": None}
    if own.mirror_region is not None:
        changed["region"] = own.mirror_region
    if own.mirror_access_key is not None:
        keys = {"access_key": own.mirror_access_key, "secret_key": own.mirror_secret_key}
        changed |= {**keys, "session_token": None}
    return replace(usual, **changed)  # type: ignore[arg-type]
