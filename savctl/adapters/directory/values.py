"""Rows of the index as the port's values."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

from savctl.ports.objects import ObjectVersion, PartialUpload, StoredObject


def object_of(row: sqlite3.Row) -> StoredObject:
    """A row of what is visible."""
    return StoredObject(
        key=row["key"].decode(),
        size_bytes=row["size_bytes"],
        modified_at=_at(row["modified_at"]),
        etag=row["etag"],
    )


def version_of(row: sqlite3.Row) -> ObjectVersion:
    """A version or a marker."""
    return ObjectVersion(
        key=row["key"].decode(),
        version_id=str(row["id"]),
        is_marker=row["file"] is None,
        is_latest=bool(row["is_latest"]),
        size_bytes=row["size_bytes"],
        modified_at=_at(row["modified_at"]),
        etag=row["etag"],
    )


def upload_of(row: sqlite3.Row) -> PartialUpload:
    """An upload in parts."""
    return PartialUpload(
        key=row["key"].decode(), upload_id=row["id"], started_at=_at(row["started_at"])
    )


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
