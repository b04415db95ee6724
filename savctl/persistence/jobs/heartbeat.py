"""The thread that renews a lease while a job works, on connections of its own.

Its connections wait for a small part of the lease only: one renewal that hangs must leave time
for others. One that never comes back does no harm either, because the job asks the lease's own
deadline, not this thread.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from savctl.errors import SavError
from savctl.persistence.connections.waits import Waits
from savctl.persistence.engine import Database
from savctl.persistence.jobs.lease import Lease, boot_seconds, renew

_log = logging.getLogger("savctl.lease")
_RENEWED_EVERY = 1 / 3  # of a lease
_TRIED_AGAIN_EVERY = 1 / 12  # of a lease, after a renewal that failed
_LONGEST_JOIN_SECONDS = 10.0


class Heartbeat:
    """Renews a lease until the block ends, the lease is lost, or the thread dies."""

    def __init__(self, database: Database, lease: Lease) -> None:
        self._lease = lease
        self._database = database
        self._has_failed = self._has_told = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True, name="heartbeat")

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End it; a renewal that hangs is not waited for, and renews nothing afterwards."""
        self._stop.set()
        self._thread.join(min(_LONGEST_JOIN_SECONDS, self._lease.seconds / 2))

    def _work(self) -> None:
        try:
            with impatient(self._database, self._lease.seconds) as own:
                self._beat(own)
        except BaseException as problem:  # whatever it is: nobody renews the lease any more
            self._lease.give_up(f"lost its heartbeat ({type(problem).__name__}: {problem})")
            _log.exception(
                "The heartbeat of %s died; its lease is given up.",
                self._lease.name,
                extra={"event": "heartbeat_died", "job": self._lease.name},
            )

    def _beat(self, database: Database) -> None:
        while not self._stop.wait(self._pause()):
            if self._lease.lost.is_set():
                return  # another host shall have it
            try:
                is_ours = self._renew(database)
            except SavError as problem:  # the next one may come through in time
                self._log_failure(problem)
                continue
            self._has_failed = self._has_told = False
            if not is_ours:
                self._lease.give_up("was taken over by another host")
                return

    def _renew(self, database: Database) -> bool:
        sent_at = boot_seconds()
        is_ours = database.transaction(lambda c: renew(c, self._lease))
        if is_ours:
            self._lease.renewed(sent_at)
        return is_ours

    def _pause(self) -> float:
        if self._has_failed:
            return self._lease.seconds * _TRIED_AGAIN_EVERY
        due_at = self._lease.sent_at + self._lease.seconds * _RENEWED_EVERY
        return max(due_at - boot_seconds(), 0.0)

    def _log_failure(self, problem: SavError) -> None:
        """Once when the deadline has passed; the job may be stuck and unable to report it."""
        self._has_failed = True
        if self._lease.seconds_left > 0 or self._has_told:
            return
        self._has_told = True
        _log.warning(
            "The lease of %s cannot be renewed (%s). Another host may take the job over; this "
            "run stops before its next step.",
            self._lease.name,
            problem.message,
            extra={"event": "lease_not_renewed", "job": self._lease.name},
        )


@contextmanager
def impatient(database: Database, seconds: int) -> Iterator[Database]:
    """The same database through connections that wait for a twelfth of `seconds` at most.

    One in memory has no second connection.
    """
    if database.is_sqlite and database.url.database in {None, "", ":memory:"}:
        yield database
        return
    patience = max(1, seconds // 12)
    own = database.waiting(
        Waits(
            lock_wait_seconds=patience,
            table_wait_seconds=patience,
            statement_seconds=patience,
            connect_seconds=patience,
        )
    )
    try:
        yield own
    finally:
        own.close()
