"""S3's answers as the port's values."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from savctl.ports.objects import ObjectVersion, PartialUpload, StoredObject


def object_of(entry: dict[str, Any]) -> StoredObject:
    """An entry of a listing."""
    return StoredObject(
        key=entry["Key"],
        size_bytes=entry["Size"],
        modified_at=entry["LastModified"].astimezone(UTC),
        etag=entry["ETag"].strip('"'),
    )


def head_of(key: str, answer: dict[str, Any]) -> StoredObject:
    """An answer to HEAD."""
    return StoredObject(
        key=key,
        size_bytes=answer["ContentLength"],
        modified_at=answer["LastModified"].astimezone(UTC),
        etag=answer["ETag"].strip('"'),
    )


def version_of(entry: dict[str, Any], *, is_marker: bool = False) -> ObjectVersion:
    """A version of a key."""
    return ObjectVersion(
        key=entry["Key"],
        version_id=entry["VersionId"],
        is_marker=is_marker,
        is_latest=entry["IsLatest"],
        size_bytes=entry.get("Size", 0),
        modified_at=entry["LastModified"].astimezone(UTC),
        etag=entry.get("ETag", "").strip('"'),
    )


def marker_of(entry: dict[str, Any]) -> ObjectVersion:
    """A delete marker."""
    return version_of(entry, is_marker=True)


def upload_of(entry: dict[str, Any]) -> PartialUpload:
    """An upload in parts."""
    return PartialUpload(
        key=entry["Key"],
        upload_id=entry["UploadId"],
        started_at=entry["Initiated"].astimezone(UTC),
    )
