"""How much may be read of a file whose members unpack to more than it has itself."""

from __future__ import annotations

from savctl.domain.files.file_types import MB, FileRefused


class UnpackBudget:
    """Bytes that may still be unpacked, over all that is looked into of one file.

    A limit for each archive would not do: a document may hold thousands of them.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._left = limit_bytes

    def take(self, count_bytes: int) -> None:
        """Use up so many bytes.

        Raises:
            FileRefused: there are no more.
        """
        self._left -= count_bytes
        if self._left < 0:
            raise FileRefused(
                "bomb", f"the archive unpacks to more than {self._limit_bytes // MB} MB"
            )
