"""Uploads in parts in the index of a directory store."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import zip_longest

from savctl.adapters.directory.content import Content
from savctl.adapters.directory.index import Index, key_range
from savctl.ports.objects import ContentChanged, NoSuchObject

SMALLEST_PART_BYTES = 5 * 1024**2  # as S3 has it


class DirectoryUploads:
    """The uploads under way. What changes something is called inside the index's `change`."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def begin(self, upload_id: str, key: str, content_type: str, *, at: float) -> None:
        """A new upload."""
        self._index.do(
            "INSERT INTO uploads VALUES (?, ?, ?, ?)", upload_id, key.encode(), content_type, at
        )

    def find(self, upload_id: str, key: str) -> sqlite3.Row:
        """The upload of this id and key.

        Raises:
            NoSuchObject: there is none, or it has ended.
        """
        found = self._index.rows(
            "SELECT * FROM uploads WHERE id = ? AND key = ?", upload_id, key.encode()
        )
        if not found:
            raise NoSuchObject(f"no upload of {key} is running with this id")
        return found[0]

    def under(self, prefix: str) -> Iterator[sqlite3.Row]:
        """The uploads whose keys begin with this."""
        yield from self._index.rows(
            "SELECT * FROM uploads WHERE key >= ? AND key < ? ORDER BY key, id", *key_range(prefix)
        )

    def add_part(self, upload_id: str, number: int, part: Content, *, at: float) -> None:
        """A part; one of the same number is replaced."""
        self._index.do(
            "INSERT INTO loose SELECT file, ? FROM parts WHERE upload_id = ? AND number = ?",
            at,
            upload_id,
            number,
        )
        self._index.do(
            "INSERT OR REPLACE INTO parts VALUES (?, ?, ?, ?, ?)",
            upload_id,
            number,
            part.file,
            part.size_bytes,
            part.etag,
        )

    def whole(self, upload_id: str, tags: Iterable[str]) -> list[str]:
        """The content files of the parts that have these tags, in order.

        Raises:
            ContentChanged: a part is missing, too small, or not the one of its tag.
        """
        parts = self._index.rows(
            "SELECT * FROM parts WHERE upload_id = ? ORDER BY number", upload_id
        )
        for number, (part, tag) in enumerate(zip_longest(parts, tags), start=1):
            if part is None or (part["number"], part["etag"]) != (number, tag):
                raise ContentChanged(f"part {number} of the upload is not the one that was sent")
            if number < len(parts) and part["size_bytes"] < SMALLEST_PART_BYTES:
                raise ContentChanged(f"part {number} of the upload is too small")
        if not parts:
            raise ContentChanged("the upload has no part")
        return [str(part["file"]) for part in parts]

    def forget(self, upload_id: str, *, at: float) -> None:
        """The upload has ended; its parts become loose."""
        self._index.do(
            "INSERT INTO loose SELECT file, ? FROM parts WHERE upload_id = ?", at, upload_id
        )
        self._index.do("DELETE FROM parts WHERE upload_id = ?", upload_id)
        self._index.do("DELETE FROM uploads WHERE id = ?", upload_id)
