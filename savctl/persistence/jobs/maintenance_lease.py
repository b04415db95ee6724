"""One at a time: dump, restore, schema change, OPTIMIZE, archive (rules 17.1).

DDL during a dump breaks it, and rows that move from a table to the archive would be missing in
both. The lease has no job of its own.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from savctl.errors import AlreadyRunning, Unavailable
from savctl.persistence.engine import Database
from savctl.persistence.jobs import leases
from savctl.persistence.jobs.heartbeat import Heartbeat, impatient
from savctl.persistence.jobs.lease import Lease

MAINTENANCE = "maintenance"
_SECONDS = 60
_PAUSE = 0.2


@contextmanager
def exclusive(database: Database, fence: object) -> Iterator[None]:
    """Hold it for a job, as the holder of the job's own lease; a dry run takes none.

    Raises:
        AlreadyRunning: somebody else has it.
    """
    if not isinstance(fence, Lease):
        yield
        return
    with maintenance(database, fence.owner):
        yield


@contextmanager
def maintenance(
    database: Database, owner: str, *, seconds: int = _SECONDS, patience: float = 0
) -> Iterator[Lease]:
    """Hold the lease of everything that wants the tables to stay as they are.

    Args:
        seconds: how long it stays held when this host dies.
        patience: for how many seconds another holder is waited for.

    Raises:
        AlreadyRunning: somebody else has it.
    """
    give_up = time.monotonic() + patience
    while True:
        try:
            lease = database.transaction(
                lambda c: leases.acquire(c, MAINTENANCE, owner=owner, seconds=seconds)
            )
            break
        except AlreadyRunning as running:
            if time.monotonic() > give_up:
                raise _held(database) from running
            time.sleep(_PAUSE)
    try:
        with Heartbeat(database, lease):
            yield lease
    finally:
        with suppress(Unavailable), impatient(database, lease.seconds) as quick:
            quick.transaction(lambda c: leases.release(c, lease))  # else it runs out by itself


def _held(database: Database) -> AlreadyRunning:
    with database.reading() as connection:
        holder = leases.find_holder(connection, MAINTENANCE)
    by = f" by {holder.owner}" if holder is not None else ""
    return AlreadyRunning(
        f"a backup, a restore, a schema change or a care of tables is running{by}",
        hint="Wait until it has ended; the lease of a dead host expires within a minute.",
        lease=MAINTENANCE,
    )
