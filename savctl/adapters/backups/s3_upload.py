"""An upload in parts whose size nobody knows at its beginning."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from savctl.adapters.s3.digest import content_md5
from savctl.adapters.s3.errors import is_missing, translating_errors

_FIRST_PART_BYTES = 8 * 1024**2
_LARGEST_PART_BYTES = 64 * 1024**2
_PARTS_OF_A_SIZE = 1000  # 10,000 parts are allowed: they grow, up to about 500 GiB in all


class BackupUpload:
    """Keeps one part in memory. A small file is sent at once, without parts."""

    def __init__(self, client: Any, at: dict[str, str], where: str) -> None:
        self._client = client
        self._at = at
        self._where = where
        self._id: str | None = None
        self._tags: list[str] = []
        self._kept = bytearray()

    def write(self, data: bytes, /) -> int:
        """Take bytes; sends a part when it is full."""
        self._kept += data
        while len(self._kept) >= self._part_bytes:
            part = bytes(self._kept[: self._part_bytes])
            del self._kept[: len(part)]
            self._send(part)
        return len(data)

    def finish(self) -> None:
        """Make the object."""
        if self._id is None:
            self._send_whole(bytes(self._kept))
            return
        if self._kept:
            self._send(bytes(self._kept))
        parts = [{"PartNumber": n, "ETag": tag} for n, tag in enumerate(self._tags, start=1)]
        with translating_errors(self._where):
            self._client.complete_multipart_upload(
                **self._at, UploadId=self._id, MultipartUpload={"Parts": parts}
            )

    def abort(self) -> None:
        """Forget it; the server drops the parts."""
        self._kept.clear()
        if self._id is None:
            return
        with translating_errors(self._where):
            try:
                self._client.abort_multipart_upload(**self._at, UploadId=self._id)
            except ClientError as problem:
                if not is_missing(problem):
                    raise

    def _send_whole(self, content: bytes) -> None:
        """Send a small file."""
        with translating_errors(self._where):
            self._client.put_object(**self._at, Body=content, ContentMD5=content_md5(content))

    @property
    def _part_bytes(self) -> int:
        grown: int = _FIRST_PART_BYTES << (len(self._tags) // _PARTS_OF_A_SIZE)
        return min(grown, _LARGEST_PART_BYTES)

    def _send(self, part: bytes) -> None:
        with translating_errors(self._where):
            if self._id is None:
                answer = self._client.create_multipart_upload(**self._at)
                self._id = str(answer["UploadId"])
            answer = self._client.upload_part(
                **self._at, UploadId=self._id, PartNumber=len(self._tags) + 1, Body=part
            )
        self._tags.append(str(answer["ETag"]))
