"""Buckets for the tests: a folder, or a bucket of its own on a real S3 server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from savctl.adapters.directory.store import DirectoryStore
from savctl.adapters.s3.store import S3Settings, S3Store
from savctl.ports import ObjectStore
from tests.servers.stores.s3_server import PrivateS3


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


def server_settings(server: PrivateS3, *, versioned: bool = True, **changed: Any) -> S3Settings:
    """How to reach a new bucket; `changed` are other settings than usual."""
    return S3Settings(
        **{
            "bucket": server.new_bucket(versioned=versioned),
            "endpoint": server.url,
            "access_key": server.access_key,
            "secret_key": server.secret_key,
            **changed,
        }
    )


def server_bucket(server: PrivateS3, *, versioned: bool = True, **changed: Any) -> Bucket:
    """A bucket of its own on a running server; `changed` are other settings than usual."""
    settings = server_settings(server, versioned=versioned, **changed)
    environment = {
        "SAVCTL_STORAGE_URL": f"s3://{settings.bucket}",
        "SAVCTL_STORAGE_ENDPOINT": str(settings.endpoint),
        "SAVCTL_STORAGE_ACCESS_KEY": str(settings.access_key),
        "SAVCTL_STORAGE_SECRET_KEY": str(settings.secret_key),
    }
    return Bucket(store=S3Store(settings), environment=environment)
