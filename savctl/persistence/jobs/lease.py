"""A lease that this process holds: how long it may act on it, by a clock of its own.

The database's clock decides when another host may take a lease. This host cannot ask it while
the network or the disk stands still, so it keeps a deadline of its own that always passes
earlier: it is counted from before the renewing statement was sent, and ends a sixth short of the
lease. Work between commits asks `require_held` before each step (rules 10.3).
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from sqlalchemy import Connection, text

from savctl.errors import Unavailable
from savctl.persistence.clock_guard import ClockGuard
from savctl.persistence.engine import server_now

_TRUSTED_SHARE = 5 / 6  # of a lease; the rest is for the step that has begun already


class LeaseLost(Unavailable):
    """The lease is another host's, or may soon be: this run must not act any more."""

    code = "lease_lost"


def boot_seconds() -> float:
    """Seconds on a clock that nobody sets and that runs on while this machine sleeps.

    `time.monotonic` stands still during a suspend: after it, a lease long lost would look fresh.
    """
    clock = getattr(time, "CLOCK_BOOTTIME", None)  # Linux
    return time.monotonic() if clock is None else time.clock_gettime(clock)


@dataclass(slots=True)
class Lease:
    """A lease held by this process for `seconds` from each renewal.

    `sent_at` (by `boot_seconds`) is when the statement that renewed it last was about to be
    sent. `lost` is set when it was found to be gone, or was given up; that is for good.
    """

    name: str
    owner: str
    token: int
    seconds: int
    run_id: int | None = None
    clock_guard: ClockGuard | None = None
    sent_at: float = field(default_factory=boot_seconds)
    lost: threading.Event = field(default_factory=threading.Event)
    _why: str = ""
    _checked_at: float = 0.0

    @property
    def seconds_left(self) -> float:
        """How long it may be acted on without a renewal; below zero once that is over."""
        return self.sent_at + self.seconds * _TRUSTED_SHARE - boot_seconds()

    def is_held(self) -> bool:
        """Whether it may still be acted on; one whose deadline has passed is given up."""
        if not self.lost.is_set() and self.seconds_left <= 0:
            self.give_up("could not be renewed in time and was given up")
        return not self.lost.is_set()

    def require_held(self) -> None:
        """Pass while it may be acted on; asks nobody, so it never waits.

        Raises:
            LeaseLost: another host holds it, or may do so soon.
        """
        if not self.is_held():
            raise self.loss()

    def give_up(self, why: str) -> None:
        """Act on it no more; the first reason counts."""
        if not self.lost.is_set():
            self._why = why
            self.lost.set()

    def loss(self) -> LeaseLost:
        """Why it is lost, for the operator."""
        return LeaseLost(
            f"the lease of {self.name} {self._why}; this run stops",
            hint="What was committed stays; the next run continues. Can this host reach "
            f"the database? savctl job why {self.name}",
            job=self.name,
        )

    def check(self, connection: Connection) -> None:
        """Pass the fence inside a transaction that decides something.

        Raises:
            LeaseLost: another host holds the lease.
            ClockOff: this host's clock was set while the job ran.
        """
        if self.clock_guard is not None:
            self.clock_guard.require(connection)
        self.pass_fence(connection)

    def pass_fence(self, connection: Connection) -> None:
        """The fence alone, for what decides nothing: the row stays locked until the end.

        It is written, not only read: a cluster's nodes compare what transactions write, so that
        of a batch on one node and a takeover on another only one commits. The write renews the
        lease; on SQLite the batches of a long job may keep the heartbeat from it.

        Raises:
            LeaseLost: another host holds the lease.
        """
        sent_at = boot_seconds()
        if not renew(connection, self):
            self.give_up("was taken over by another host")
            raise LeaseLost(
                f"{self.name} was taken over by another host; this run stops",
                hint="Nothing of the last batch was written; the other host continues.",
                job=self.name,
            )
        self._checked_at = sent_at

    def committed(self) -> None:
        """The transaction that passed the fence last was committed."""
        self.renewed(self._checked_at)

    def renewed(self, sent_at: float) -> None:
        """It lasts from then on; an earlier renewal may be reported later."""
        self.sent_at = max(self.sent_at, sent_at)


def renew(connection: Connection, lease: Lease) -> bool:
    """Push the expiry out; False when the lease is no longer ours."""
    renewed = connection.execute(
        text(
            f"UPDATE savctl_leases SET heartbeat_at = {server_now(connection)}, "  # noqa: S608
            f"expires_at = {from_now(connection)} "
            "WHERE name = :name AND token = :token AND owner = :owner"
        ),
        {
            "name": lease.name,
            "token": lease.token,
            "owner": lease.owner,
            **span(connection, lease.seconds),
        },
    )
    return renewed.rowcount == 1


def from_now(connection: Connection) -> str:
    """SQL for so long from now on the database's clock; its parameters are `span`."""
    if connection.dialect.name == "sqlite":
        return "strftime('%Y-%m-%d %H:%M:%f', 'now', :span)"
    return "UTC_TIMESTAMP(6) + INTERVAL :span SECOND"


def span(connection: Connection, seconds: int) -> dict[str, object]:
    """The parameters of `from_now`."""
    return {"span": f"+{seconds} seconds" if connection.dialect.name == "sqlite" else seconds}
