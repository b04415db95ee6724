"""The mirror with what guards it: its place, and the lease under which its index is written."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from savctl.errors import AlreadyRunning, Unavailable
from savctl.persistence.engine import Database
from savctl.persistence.jobs import leases
from savctl.persistence.jobs.heartbeat import Heartbeat
from savctl.persistence.jobs.lease import Lease
from savctl.usecases.mirror.index import MirrorIndex, opened
from savctl.usecases.mirror.place import MirrorPlace

LEASE = "mirror-index"
_SECONDS = 60
_PATIENCE_SECONDS = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """Where the second copy of the bucket lies; `owner` is this process."""

    place: MirrorPlace
    database: Callable[[], Database]
    owner: str

    @contextmanager
    def writing(self, index: MirrorIndex) -> Iterator[Lease]:
        """Hold the index alone; it is read up to its end, `True` of `refresh` is not lost.

        Raises:
            Unavailable: another process holds it for very long.
        """
        database = self.database()
        lease = self._acquired(database)
        try:
            with Heartbeat(database, lease):
                yield lease
        finally:
            database.transaction(lambda c: leases.release(c, lease))

    def index(self) -> MirrorIndex:
        """The index, read; the caller closes it."""
        index = MirrorIndex(self.place)
        index.refresh()
        return index

    @contextmanager
    def reading(self) -> Iterator[MirrorIndex]:
        """The index, read, and closed behind."""
        with opened(self.place) as index:
            yield index

    def _acquired(self, database: Database) -> Lease:
        give_up = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                return database.transaction(
                    lambda c: leases.acquire(c, LEASE, owner=self.owner, seconds=_SECONDS)
                )
            except AlreadyRunning:
                if time.monotonic() > give_up:
                    raise Unavailable(
                        "another process has been writing the mirror's index for long",
                        hint="The lease of a dead process runs out after a minute; try again.",
                    ) from None
                time.sleep(0.2)
