"""Who may run a job: a lease in the database, fenced by a token that only grows (design 5.1)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, insert, literal_column, select, text
from sqlalchemy.exc import IntegrityError

from savctl.errors import AlreadyRunning
from savctl.persistence.engine import server_now
from savctl.persistence.jobs.lease import Lease, boot_seconds, from_now, span
from savctl.persistence.schema.tables import leases

# A heartbeat so far ahead of the database's clock was written before that clock was set back.
_SET_BACK_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lease now, as the database's clock sees it."""

    owner: str
    token: int
    seconds_left: float


def acquire(connection: Connection, name: str, *, owner: str, seconds: int) -> Lease:
    """Take the lease inside the caller's transaction.

    Raises:
        AlreadyRunning: somebody holds it.
    """
    _ensure_row(connection, name)
    sent_at = boot_seconds()  # before the database looks at its clock, so never too late
    taken = connection.execute(
        text(
            f"UPDATE savctl_leases SET owner = :owner, token = token + 1, "  # noqa: S608
            f"acquired_at = {server_now(connection)}, heartbeat_at = {server_now(connection)}, "
            f"expires_at = {from_now(connection)} WHERE name = :name "
            f"AND (owner IS NULL OR NOT {_is_alive(connection)})"
        ),
        {"owner": owner, "name": name, **span(connection, seconds)},
    )
    if taken.rowcount != 1:
        holder = find_holder(connection, name)
        who = f" by {holder.owner}" if holder else ""
        raise AlreadyRunning(
            f"{name} is running already{who}",
            hint=f"Run 'savctl job why {name}' for details; the lease of a dead host expires.",
            job=name,
        )
    token = connection.execute(select(leases.c.token).where(leases.c.name == name)).scalar_one()
    return Lease(name=name, owner=owner, token=token, seconds=seconds, sent_at=sent_at)


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


def _seconds_left(connection: Connection) -> str:
    if connection.dialect.name == "sqlite":
        return "(julianday(expires_at) - julianday('now')) * 86400.0"
    return "TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(6), expires_at) / 1000000.0"
