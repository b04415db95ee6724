"""A bucket in a folder, and the time that was spent in it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from savctl.adapters.directory.store import DirectoryStore
from savctl.ports import KeyFailure, ObjectVersion, PartialUpload


class TimedStore(DirectoryStore):
    """Counts the seconds, and the processor's, of what an erasure asks of its bucket."""

    seconds = 0.0
    processor_seconds = 0.0

    def versions(self, prefix: str) -> Iterator[ObjectVersion]:
        """As the folder has them, read to the end first."""
        with self._counted():
            found = list(super().versions(prefix))
        yield from found

    def partial_uploads(self, prefix: str) -> Iterator[PartialUpload]:
        """As the folder has them, read to the end first."""
        with self._counted():
            found = list(super().partial_uploads(prefix))
        yield from found

    def purge(self, keys: Iterable[str]) -> list[KeyFailure]:
        """Purge, and count."""
        with self._counted():
            return super().purge(keys)

    def remains(self, key: str) -> int:
        """Look, and count."""
        with self._counted():
            return super().remains(key)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        started = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - started[0]
            self.processor_seconds += time.process_time() - started[1]
