"""A bucket on MinIO, Amazon S3 or any server with the S3 protocol (design 5.8).

No listing order is relied on, and no key is assumed to have one version only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from botocore.exceptions import ClientError

from savctl.adapters.exact_reader import ExactReader
from savctl.adapters.object_keys import checked_key, checked_prefix, usable
from savctl.adapters.s3.client import S3Settings, new_client, unsigned_client
from savctl.adapters.s3.condition import condition_of
from savctl.adapters.s3.delete import Named, delete_all
from savctl.adapters.s3.digest import content_md5
from savctl.adapters.s3.disposition import content_disposition
from savctl.adapters.s3.errors import is_missing, translating_errors
from savctl.adapters.s3.values import head_of, marker_of, object_of, upload_of, version_of
from savctl.ports.objects import (
    ContentChanged,
    Delivery,
    KeyFailure,
    NoSuchObject,
    NotVersioned,
    ObjectVersion,
    OnPurged,
    PartialUpload,
    StoredObject,
    StoreRefused,
    StoreUnavailable,
    nothing_else,
)
from savctl.ports.store_condition import StoreCondition
from savctl.shared_part import shared_part

__all__ = ["S3Settings", "S3Store"]

PIECE_BYTES = 256 * 1024
_IN_MEMORY_BYTES = 1024**2  # sent without asking first: one round trip less


class S3Store:
    """A bucket; nothing is contacted before it is used. Threads may share it.

    `on_purged` is called with the keys that were purged.
    """

    def __init__(self, settings: S3Settings, *, on_purged: OnPurged = nothing_else) -> None:
        self._on_purged = on_purged
        self.name = settings.where
        self._settings = settings
        self._bucket = settings.bucket

    def close(self) -> None:
        """Close the connections."""
        for client in ("_client", "_link_client"):
            if client in self.__dict__:
                self.__dict__.pop(client).close()

    def condition(self) -> StoreCondition:
        """The condition of the bucket."""
        with self._translating():
            return condition_of(self._client, self._bucket)

    def is_public(self, key: str) -> bool:
        """Whether the object is given to a request without a signature."""
        client = unsigned_client(self._settings)
        try:
            with self._translating():
                client.head_object(**self._at(key))
        except (StoreRefused, NoSuchObject):
            return False
        finally:
            client.close()
        return True

    def put(self, key: str, content: BinaryIO, *, size_bytes: int, content_type: str) -> None:
        """Store content, whole or not at all."""
        exact = ExactReader(content, size_bytes)
        body = _in_memory(exact) if size_bytes <= _IN_MEMORY_BYTES else exact
        digest = content_md5(body)
        with self._translating():
            try:
                self._client.put_object(
                    **self._at(key),
                    Body=body,
                    ContentLength=size_bytes,
                    ContentType=content_type,
                    ContentMD5=digest,
                )
            except Exception:
                if exact.failure is not None:
                    raise exact.failure from None
                raise

    @contextmanager
    def read(self, key: str, version_id: str | None = None) -> Iterator[Iterator[bytes]]:
        """The content in pieces of 256 KiB at most."""
        which = {} if version_id is None else {"VersionId": version_id}
        with self._translating():
            body = self._client.get_object(**self._at(key), **which)["Body"]
        try:
            yield self._pieces(body)
        finally:
            body.close()

    def find(self, key: str) -> StoredObject | None:
        """The object, or None when there is none or it is hidden."""
        with self._translating():
            try:
                head = self._client.head_object(**self._at(key))
            except ClientError as problem:
                if not is_missing(problem):
                    raise
                self._require_bucket()
                return None
            return head_of(key, head)

    def listing(self, prefix: str) -> Iterator[StoredObject]:
        """Every visible object below a prefix, in the server's own order."""
        checked_prefix(prefix)
        with self._translating():
            for page in self._pages("list_objects_v2", prefix):
                yield from map(object_of, page.get("Contents", ()))

    def versions(self, prefix: str) -> Iterator[ObjectVersion]:
        """Every version and marker of the keys that begin with `prefix`, in no order."""
        with self._translating():
            for page in self._pages("list_object_versions", prefix):
                yield from map(version_of, page.get("Versions", ()))
                yield from map(marker_of, page.get("DeleteMarkers", ()))

    def copy(self, source: str, target: str) -> None:
        """Copy inside the bucket."""
        with self._translating():
            self._client.copy_object(**self._at(target), CopySource=self._at(source))

    def hide(self, keys: Iterable[str]) -> list[KeyFailure]:
        """Put a delete marker on each key, once it is sure that the bucket keeps versions."""
        good, failures = usable(keys)
        self._require_versions()
        return failures + self._delete({"Key": key} for key in good)

    def unhide(self, key: str) -> bool:
        """Take the delete markers off, from the top, until a version is the newest.

        Times are too coarse to order two versions; the server knows which is latest.
        """
        checked_key(key)
        taken = ""
        while True:
            found = self._of_key(key)
            if all(version.is_marker for version in found):
                return False
            top = next((one.version_id for one in found if one.is_marker and one.is_latest), None)
            if top is None:
                return True
            if top == taken:
                raise StoreRefused(f"the bucket {self.name} keeps the delete marker of {key}")
            with self._translating():
                self._client.delete_object(**self._at(key), VersionId=top)
            taken = top

    def purge(self, keys: Iterable[str]) -> list[KeyFailure]:
        """Remove every version and marker of each key."""
        good, failures = usable(keys)
        failures += self._delete(self._all_of(good))
        failed = {failure.key for failure in failures}
        return failures + self._on_purged([key for key in good if key not in failed])

    def remains(self, key: str) -> int:
        """How many versions and markers of exactly this key are left."""
        return len(self._of_key(checked_key(key)))

    def url(self, key: str, *, seconds: int, delivery: Delivery) -> str:
        """A presigned address (Signature Version 4), of the public endpoint if there is one."""
        wanted = {
            "ResponseContentType": delivery.content_type,
            "ResponseContentDisposition": content_disposition(delivery),
        }
        with self._translating():
            return str(
                self._link_client.generate_presigned_url(
                    "get_object", Params=self._at(key) | wanted, ExpiresIn=seconds
                )
            )

    def begin_parts(self, key: str, *, content_type: str) -> str:
        """Begin an upload in parts and answer its id."""
        with self._translating():
            answer = self._client.create_multipart_upload(
                **self._at(key), ContentType=content_type
            )
        return str(answer["UploadId"])

    def put_part(self, key: str, upload_id: str, number: int, content: bytes) -> str:
        """Send part `number` and answer its tag."""
        with self._translating():
            answer = self._client.upload_part(
                **self._at(key), UploadId=upload_id, PartNumber=number, Body=content
            )
        return str(answer["ETag"])

    def end_parts(self, key: str, upload_id: str, tags: Iterable[str]) -> None:
        """Make the object out of the parts."""
        parts = [{"PartNumber": n, "ETag": tag} for n, tag in enumerate(tags, start=1)]
        if not parts:
            raise ContentChanged("the upload has no part")
        with self._translating():
            self._client.complete_multipart_upload(
                **self._at(key), UploadId=upload_id, MultipartUpload={"Parts": parts}
            )

    def abort_parts(self, key: str, upload_id: str) -> None:
        """Forget an upload in parts; one that is gone already is done."""
        with self._translating():
            try:
                self._client.abort_multipart_upload(**self._at(key), UploadId=upload_id)
            except ClientError as problem:
                if not is_missing(problem):
                    raise

    def partial_uploads(self, prefix: str) -> Iterator[PartialUpload]:
        """The uploads in parts that the server lists; MinIO lists only exact keys."""
        with self._translating():
            for page in self._pages("list_multipart_uploads", prefix):
                yield from map(upload_of, page.get("Uploads", ()))

    @shared_part
    def _client(self) -> Any:
        return new_client(self._settings, self._settings.endpoint)

    @shared_part
    def _link_client(self) -> Any:
        endpoint = self._settings.public_endpoint or self._settings.endpoint
        return new_client(self._settings, endpoint)

    def _translating(self) -> Any:
        return translating_errors(self.name)

    def _at(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": checked_key(key)}

    def _pages(self, verb: str, prefix: str) -> Iterator[dict[str, Any]]:
        """Pages of a listing. A page of something else would look like an empty bucket."""
        pages = self._client.get_paginator(verb).paginate(
            Bucket=self._bucket,
            Prefix=prefix,
            PaginationConfig={"PageSize": self._settings.at_once},
        )
        for page in pages:
            if not page.get("Name") and not page.get("Bucket"):
                raise StoreUnavailable(
                    f"the bucket {self.name} does not answer as an S3 server does"
                )
            yield page

    def _delete(self, names: Iterable[Named]) -> list[KeyFailure]:
        with self._translating():
            return delete_all(self._client, self._bucket, names, at_once=self._settings.at_once)

    def _of_key(self, key: str) -> list[ObjectVersion]:
        return [version for version in self.versions(key) if version.key == key]

    def _all_of(self, keys: Iterable[str]) -> Iterator[Named]:
        for key in keys:
            for version in self._of_key(key):
                yield {"Key": key, "VersionId": version.version_id}

    def _require_bucket(self) -> None:
        """HEAD answers 404 for a missing object and for a missing bucket alike."""
        self._client.list_objects_v2(Bucket=self._bucket, MaxKeys=1)

    def _require_versions(self) -> None:
        with self._translating():
            status = self._client.get_bucket_versioning(Bucket=self._bucket).get("Status")
        if status != "Enabled":
            raise NotVersioned(
                f"the bucket {self.name} keeps no versions: nothing is hidden that could not "
                "be brought back",
                hint="Enable versioning on the bucket; savctl doctor shows it.",
            )

    def _pieces(self, body: Any) -> Iterator[bytes]:
        with self._translating():
            yield from body.iter_chunks(PIECE_BYTES)


def _in_memory(exact: ExactReader) -> bytes:
    content = b""
    while piece := exact.read():
        content += piece
    return content
