"""Buckets for the tests: a folder, or a bucket of its own on a real S3 server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from savctl.adapters.directory_store import DirectoryStore
from savctl.ports import ObjectStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """An empty, versioned bucket; `environment` is what makes savctl use it."""

    store: ObjectStore
    environment: Mapping[str, str]


def folder_bucket(folder: Path) -> Bucket:
    """A bucket in a folder that is not there yet."""
    return Bucket(
        store=DirectoryStore(folder), environment={"SAVCTL_STORAGE_URL": f"file://{folder}"}
    )
