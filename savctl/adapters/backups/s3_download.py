"""A download that outlives broken connections: a restore reads for hours, with long pauses."""

from __future__ import annotations

from typing import Any

from savctl.adapters.s3.errors import translating_errors
from savctl.ports.objects import StoreUnavailable

_ATTEMPTS = 4  # in a row, without a byte in between
_PIECE_BYTES = 1024**2


class BackupDownload:
    """Reads on where a connection broke; a file that was replaced meanwhile is refused."""

    def __init__(self, client: Any, at: dict[str, str], where: str) -> None:
        self._client = client
        self._at = at
        self._where = where
        self._body: Any = None
        self._etag = ""
        self._size = self._offset = 0

    def open(self) -> None:
        """Ask for the object."""
        with translating_errors(self._where):
            answer = self._client.get_object(**self._at)
        self._body, self._etag = answer["Body"], str(answer["ETag"])
        self._size = int(answer["ContentLength"])

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes; all that is left without it."""
        if size < 0:
            return b"".join(iter(lambda: self.read(_PIECE_BYTES), b""))
        for attempt in range(_ATTEMPTS):
            if self._offset >= self._size:
                return b""
            try:
                return self._piece(min(size, self._size - self._offset))
            except StoreUnavailable:
                self.close()
                if attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Close the connection."""
        if self._body is not None:
            self._body.close()
            self._body = None

    def _piece(self, size: int) -> bytes:
        with translating_errors(self._where):
            if self._body is None:
                self._body = self._client.get_object(
                    **self._at, Range=f"bytes={self._offset}-", IfMatch=self._etag
                )["Body"]
            piece = bytes(self._body.read(size))
        if not piece:
            raise StoreUnavailable(f"the bucket {self._where} broke off the connection")
        self._offset += len(piece)
        return piece
