"""What retention, a purge or an erasure removes from the bucket goes from the mirror too.

The key is taken back in the index, and content that no other key has is removed for good. Content
goes first: a run that is killed in between is done again by the line that is still there.
"""

from __future__ import annotations

from collections.abc import Iterable

from savctl.domain.backup.mirrored import is_mirrored
from savctl.errors import SavError
from savctl.persistence.sql import chunks
from savctl.ports.objects import KeyFailure
from savctl.usecases.mirror.copying import sweep
from savctl.usecases.mirror.index import MirrorIndex, gone
from savctl.usecases.mirror.mirror import Mirror
from savctl.usecases.mirror.place import UNFINISHED, object_name

_AT_ONCE = 200
_MOST_PIECES = 64  # then the index is written anew


class Forgetting:
    """Takes keys back; it keeps the index that it read, and reads only what is new."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror
        self._index: MirrorIndex | None = None

    def purged(self, keys: Iterable[str]) -> list[KeyFailure]:
        """Called when keys were purged from the bucket; answers those that could not be done."""
        wanted = sorted({key for key in keys if is_mirrored(key)})
        try:
            for some in chunks(wanted, _AT_ONCE):
                self.forget(some)
        except SavError as problem:
            return [KeyFailure(key, f"the mirror: {problem.message}") for key in wanted]
        return []

    def forget(self, keys: list[str]) -> int:
        """Take these back, whether they are there or not; answers how many were there."""
        index = self._read()
        index.refresh()
        if not any(map(index.scratch.of_key, keys)) and not self._mirror.place.has(UNFINISHED):
            return 0
        with self._mirror.writing(index) as lease:
            index.refresh()
            there = [key for key in keys if index.scratch.of_key(key)]
            for sha256 in index.scratch.only_of(there) if there else ():
                lease.require_held()
                self._mirror.place.remove(object_name(sha256))
            # an empty piece as well: a run that has just copied one of them looks again
            index.append(gone(there))
            if index.number_of_pieces > _MOST_PIECES:
                index.compact()
        return len(there)

    def tidy(self) -> None:
        """Let nothing of what was taken back be left: neither its lines nor a killed run's."""
        index = self._read()
        with self._mirror.writing(index) as lease:
            index.refresh()
            if self._mirror.place.has(UNFINISHED):
                sweep(self._mirror, index)
                lease.require_held()
            index.compact()

    def close(self) -> None:
        """Give the scratch file back."""
        if self._index is not None:
            self._index.close()

    def _read(self) -> MirrorIndex:
        if self._index is None:
            self._index = self._mirror.index()
        return self._index
