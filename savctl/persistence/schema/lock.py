"""One host at a time changes the schema: a lease, as for a job, but waited for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from savctl.errors import AlreadyRunning, Unavailable
from savctl.persistence.engine import Database

LEASE_SECONDS = 60
_LEASE = "schema"
_LONGEST_WAIT_SECONDS = 600

Notify = Callable[[str], None]


def ignore_note(_: str) -> None:
    """Nobody listens."""


@contextmanager
def alone(database: Database, owner: str, notify: Notify) -> Iterator[None]:
    """Hold the schema lease, waiting for whoever holds it now, and that of maintenance.

    Raises:
        AlreadyRunning: a backup, an archive run or a care of tables is running.
    """
    # every start imports this module, and hardly any changes a schema
    from savctl.persistence.jobs import leases
    from savctl.persistence.jobs.heartbeat import Heartbeat
    from savctl.persistence.jobs.maintenance_lease import maintenance

    give_up = time.monotonic() + _LONGEST_WAIT_SECONDS
    has_reported = False
    while True:
        try:
            lease = database.transaction(
                lambda c: leases.acquire(c, _LEASE, owner=owner, seconds=LEASE_SECONDS)
            )
            break
        except AlreadyRunning:
            if time.monotonic() > give_up:
                raise Unavailable("another host has been changing the schema for long") from None
            if not has_reported:
                notify(
                    "another host changes the schema; waiting (a dead one is waited out: 1 min)"
                )
                has_reported = True
            time.sleep(0.2)
    # A host that died in a change took the second lease after the first: it expires later.
    patience = LEASE_SECONDS if has_reported else 0
    both = maintenance(database, owner, seconds=LEASE_SECONDS, patience=patience)
    try:
        with Heartbeat(database, lease), both:
            yield
    finally:
        database.transaction(lambda c: leases.release(c, lease))
