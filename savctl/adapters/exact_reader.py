"""Content of a promised size: what is stored must be what was checked."""

from __future__ import annotations

import io
from typing import BinaryIO

from savctl.ports.objects import ContentChanged


class ExactReader:
    """Reads `size_bytes` of seekable content, from where it stands, and no other number.

    The last piece is only given away once it is known that nothing follows, so that a server
    which is sent this never has the whole of something else. `failure` is kept, because HTTP
    libraries wrap what a body raises in errors of their own.
    """

    def __init__(self, content: BinaryIO, size_bytes: int) -> None:
        self.failure: ContentChanged | None = None
        self._content = content
        self._size = size_bytes
        self._start = content.tell()
        self._done = 0

    def read(self, size: int = -1) -> bytes:
        """The next piece; nothing at the end.

        Raises:
            ContentChanged: the content ends too early, or goes on.
        """
        left = self._size - self._done
        piece = self._content.read(left if size < 0 else min(size, left))
        self._done += len(piece)
        if not piece and left and size:
            self._fail(f"it ends after {self._done} bytes")
        if self._done == self._size and self._content.read(1):
            self._fail("it is longer than announced")
        return piece

    def tell(self) -> int:
        """The position, from the start of what is to be stored."""
        return self._done

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position: a request that is sent again starts over."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._done, io.SEEK_END: self._size}[whence]
        self._done = base + offset
        self._content.seek(self._start + self._done)
        return self._done

    def _fail(self, what: str) -> None:
        self.failure = ContentChanged(
            f"the content changed while it was stored: it should have {self._size} bytes, {what}"
        )
        raise self.failure
