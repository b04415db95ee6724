"""A bucket, or a prefix of one, for backups: uploads in parts, ended or aborted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from savctl.adapters.backups.s3_download import BackupDownload
from savctl.adapters.backups.s3_upload import BackupUpload
from savctl.adapters.s3.client import S3Settings, new_client
from savctl.adapters.s3.delete import delete_all
from savctl.adapters.s3.errors import translating_errors
from savctl.errors import SavError
from savctl.ports.backup_place import (
    BackupFile,
    ByteSink,
    ByteSource,
    NoSuchBackupFile,
    checked_name,
)
from savctl.ports.objects import NoSuchObject, StoreUnavailable
from savctl.shared_part import shared_part


class BackupBucket:
    """A bucket; nothing is contacted before it is used. `prefix` ends with `/` or is empty."""

    def __init__(self, settings: S3Settings, prefix: str) -> None:
        self._settings = settings
        self._bucket = settings.bucket
        self._prefix = prefix
        self.name = f"s3://{settings.bucket}/{prefix}".rstrip("/")

    @contextmanager
    def write(self, name: str) -> Iterator[ByteSink]:
        """A file that exists once all its parts were taken and joined."""
        upload = BackupUpload(self._client, self._at(name), self._settings.where)
        try:
            yield upload
            upload.finish()
        except BaseException:
            with suppress(SavError):  # the first failure says more
                upload.abort()
            raise

    @contextmanager
    def read(self, name: str) -> Iterator[ByteSource]:
        """The file from its beginning; a connection that breaks is made again."""
        download = BackupDownload(self._client, self._at(name), self._settings.where)
        try:
            download.open()
        except NoSuchObject:
            raise NoSuchBackupFile(f"{self.name} has no file {name}") from None
        try:
            yield download
        finally:
            download.close()

    def names(self, prefix: str = "") -> Iterator[BackupFile]:
        """The finished files, by name."""
        found = []
        with self._translating():
            for page in self._pages("list_objects_v2", self._prefix + prefix):
                found += [self._file(entry) for entry in page.get("Contents", ())]
        yield from sorted(found, key=lambda file: file.name)

    def remove(self, name: str) -> None:
        """Remove a file with every version and marker: retention means gone."""
        key = self._at(name)["Key"]
        with self._translating():
            left = [
                {"Key": entry["Key"], "VersionId": entry["VersionId"]}
                for page in self._pages("list_object_versions", key)
                for kind in ("Versions", "DeleteMarkers")
                for entry in page.get(kind, ())
                if entry["Key"] == key
            ]
            failures = delete_all(self._client, self._bucket, left, at_once=1000)
        if failures:
            raise StoreUnavailable(
                f"the bucket {self._settings.where} keeps {name}: {failures[0].reason}"
            )

    def clean(self, prefix: str, *, before: datetime) -> int:
        """Abort the uploads in parts that began before then."""
        removed = 0
        with self._translating():
            for page in self._pages("list_multipart_uploads", self._prefix + prefix):
                for entry in page.get("Uploads", ()):
                    if entry["Initiated"] < before:
                        self._client.abort_multipart_upload(
                            Bucket=self._bucket, Key=entry["Key"], UploadId=entry["UploadId"]
                        )
                        removed += 1
        return removed

    def free_bytes(self) -> int | None:
        """S3 has no such question."""
        return None

    def describe(self) -> str:
        """The bucket, its server and the prefix."""
        below = f", below {self._prefix}" if self._prefix else ""
        return f"the bucket {self._settings.where}{below}"

    def close(self) -> None:
        """Close the connections."""
        if "_client" in self.__dict__:
            self.__dict__.pop("_client").close()

    @shared_part
    def _client(self) -> Any:
        return new_client(self._settings, self._settings.endpoint)

    def _translating(self) -> Any:
        return translating_errors(self._settings.where)

    def _at(self, name: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + checked_name(name)}

    def _file(self, entry: dict[str, Any]) -> BackupFile:
        return BackupFile(
            name=entry["Key"].removeprefix(self._prefix),
            size_bytes=int(entry["Size"]),
            modified_at=entry["LastModified"],
        )

    def _pages(self, verb: str, prefix: str) -> Iterator[dict[str, Any]]:
        """Pages of a listing. A page of something else would look like an empty place."""
        pages = self._client.get_paginator(verb).paginate(Bucket=self._bucket, Prefix=prefix)
        for page in pages:
            if not page.get("Name") and not page.get("Bucket"):
                raise StoreUnavailable(
                    f"the bucket {self._settings.where} does not answer as an S3 server does"
                )
            yield page
