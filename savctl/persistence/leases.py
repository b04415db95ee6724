"""Who may run a job: a lease in the database, fenced by a token that only grows (design 5.1)."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Connection, and_, insert, literal_column, select, text
from sqlalchemy.exc import IntegrityError

from savctl.errors import AlreadyRunning, SavError, Unavailable
from savctl.persistence.clock_guard import ClockGuard
from savctl.persistence.engine import Database, server_now
from savctl.persistence.tables import leases

# A heartbeat so far ahead of the database's clock was written before that clock was set back.
_SET_BACK_SECONDS = 60


class LeaseLost(Unavailable):
    """Another host took the job over: this one was too slow and must not write."""

    code = "lease_lost"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lease now, as the database's clock sees it."""

    owner: str
    token: int
    seconds_left: float


@dataclass(slots=True)
class Lease:
    """A lease held by this process; `lost` is set when a heartbeat finds it gone."""

    name: str
    owner: str
    token: int
    seconds: int
    run_id: int | None = None
    clock_guard: ClockGuard | None = None
    lost: threading.Event = field(default_factory=threading.Event)

    def check(self, connection: Connection) -> None:
        """Pass the fence inside a transaction: the row stays locked until it ends.

        Raises:
            LeaseLost: another host holds the lease.
            ClockOff: this host's clock was set while the job ran.
        """
        if self.clock_guard is not None:
            self.clock_guard.require(connection)
        self.require_held(connection)

    def require_held(self, connection: Connection) -> None:
        """The fence alone, for what decides nothing, such as the end of a run.

        Raises:
            LeaseLost: another host holds the lease.
        """
        query = select(leases.c.token, leases.c.owner).where(leases.c.name == self.name)
        row = connection.execute(query.with_for_update()).first()
        if row is None or (row.token, row.owner) != (self.token, self.owner):
            self.lost.set()
            raise LeaseLost(
                f"{self.name} was taken over by another host; this run stops",
                hint="Nothing of the last batch was written; the other host goes on.",
                job=self.name,
            )


def acquire(connection: Connection, name: str, *, owner: str, seconds: int) -> Lease:
    """Take the lease inside the caller's transaction.

    Raises:
        AlreadyRunning: somebody holds it.
    """
    _ensure_row(connection, name)
    taken = connection.execute(
        text(
            f"UPDATE savctl_leases SET owner = :owner, token = token + 1, "  # noqa: S608
            f"acquired_at = {server_now(connection)}, heartbeat_at = {server_now(connection)}, "
            f"expires_at = {_from_now(connection)} WHERE name = :name "
            f"AND (owner IS NULL OR NOT {_is_alive(connection)})"
        ),
        {"owner": owner, "name": name, **_span(connection, seconds)},
    )
    if taken.rowcount != 1:
        holder = find_holder(connection, name)
        who = f" by {holder.owner}" if holder else ""
        raise AlreadyRunning(
            f"{name} is running already{who}",
            hint=f"savctl job why {name} tells more; a dead host's lease ends by itself.",
            job=name,
        )
    token = connection.execute(select(leases.c.token).where(leases.c.name == name)).scalar_one()
    return Lease(name=name, owner=owner, token=token, seconds=seconds)


def release(connection: Connection, lease: Lease) -> None:
    """Give the lease back, if it is still ours."""
    connection.execute(
        leases.update()
        .where(leases.c.name == lease.name, leases.c.token == lease.token)
        .values(owner=None, expires_at=None)
    )


def force_release(connection: Connection, name: str) -> Holder | None:
    """Free a lease by hand; the token moves on, so the old holder cannot write any more."""
    holder = find_holder(connection, name)
    connection.execute(
        leases.update()
        .where(leases.c.name == name)
        .values(owner=None, expires_at=None, token=leases.c.token + 1)
    )
    return holder


def find_holder(connection: Connection, name: str) -> Holder | None:
    """Who holds the lease; None when it is free or has run out."""
    left = _seconds_left(connection)
    row = connection.execute(
        text(
            f"SELECT owner, token, {left} AS seconds_left FROM savctl_leases "  # noqa: S608
            f"WHERE name = :name AND owner IS NOT NULL AND {_is_alive(connection)}"
        ),
        {"name": name},
    ).first()
    return Holder(row.owner, row.token, float(row.seconds_left)) if row else None


def held(connection: Connection) -> list[tuple[str, Holder]]:
    """Every lease with an owner; `seconds_left` is below zero for one that has run out."""
    left = _seconds_left(connection)
    rows = connection.execute(
        text(
            f"SELECT name, owner, token, {left} AS seconds_left FROM savctl_leases "  # noqa: S608
            "WHERE owner IS NOT NULL AND expires_at IS NOT NULL ORDER BY name"
        )
    )
    return [(row.name, Holder(row.owner, row.token, float(row.seconds_left))) for row in rows]


def renew(connection: Connection, lease: Lease) -> bool:
    """Push the expiry out; False when the lease is no longer ours."""
    renewed = connection.execute(
        text(
            f"UPDATE savctl_leases SET heartbeat_at = {server_now(connection)}, "  # noqa: S608
            f"expires_at = {_from_now(connection)} "
            "WHERE name = :name AND token = :token AND owner = :owner"
        ),
        {
            "name": lease.name,
            "token": lease.token,
            "owner": lease.owner,
            **_span(connection, lease.seconds),
        },
    )
    return renewed.rowcount == 1


class Heartbeat:
    """Renews a lease from a thread of its own, on a connection of its own."""

    def __init__(self, database: Database, lease: Lease) -> None:
        self._database = database
        self._lease = lease
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True, name="heartbeat")

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._stop.wait(self._lease.seconds / 3):
            with suppress(SavError):  # the next beat tries again; the fence decides in the end
                if not self._database.transaction(lambda c: renew(c, self._lease)):
                    self._lease.lost.set()
                    return


def living(connection: Connection) -> ColumnElement[bool]:
    """The condition that a lease has a holder who was heard of lately."""
    alive: ColumnElement[bool] = literal_column(_is_alive(connection, "savctl_leases."))
    return and_(leases.c.owner.is_not(None), alive)


def _is_alive(connection: Connection, table: str = "") -> str:
    """SQL: it has not run out, and its last heartbeat is not in the future.

    The latter means that the database's own clock was set back. Whoever is at work renews the
    lease by the new time; a dead holder's must not last until the old time comes again.
    """
    if connection.dialect.name == "sqlite":
        soon = f"strftime('%Y-%m-%d %H:%M:%f', 'now', '+{_SET_BACK_SECONDS} seconds')"
    else:
        soon = f"UTC_TIMESTAMP(6) + INTERVAL {_SET_BACK_SECONDS} SECOND"
    return (
        f"({table}expires_at > {server_now(connection)} "
        f"AND ({table}heartbeat_at IS NULL OR {table}heartbeat_at <= {soon}))"
    )


def _ensure_row(connection: Connection, name: str) -> None:
    query = select(leases.c.name).where(leases.c.name == name)
    if connection.execute(query).first() is None:
        with suppress(IntegrityError), connection.begin_nested():
            connection.execute(insert(leases).values(name=name))


def _from_now(connection: Connection) -> str:
    if connection.dialect.name == "sqlite":
        return "strftime('%Y-%m-%d %H:%M:%f', 'now', :span)"
    return "UTC_TIMESTAMP(6) + INTERVAL :span SECOND"


def _span(connection: Connection, seconds: int) -> dict[str, object]:
    return {"span": f"+{seconds} seconds" if connection.dialect.name == "sqlite" else seconds}


def _seconds_left(connection: Connection) -> str:
    if connection.dialect.name == "sqlite":
        return "(julianday(expires_at) - julianday('now')) * 86400.0"
    return "TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(6), expires_at) / 1000000.0"
