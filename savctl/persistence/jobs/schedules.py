"""What schedulers leave behind in the database: since when a job is known, and who is alive."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, literal_column, select
from sqlalchemy.exc import IntegrityError

from savctl.domain.clock import instant, micro_text
from savctl.persistence.engine import server_now
from savctl.persistence.jobs import leases
from savctl.persistence.jobs.lease import Lease, renew
from savctl.persistence.schema.tables import leases as leases_table
from savctl.persistence.schema.tables import meta

OVERDUE = timedelta(minutes=30)  # a slot that nobody has begun for so long; doctor and top
_KNOWN_SINCE = "job-known-since:"
_SCHEDULER = "scheduler:"
_NAME_CHARACTERS = 64


@dataclass(frozen=True, slots=True)
class Alive:
    """A scheduler that has been heard of lately."""

    owner: str
    since: datetime | None
    heard_at: datetime | None


def find_known_since(connection: Connection, job: str) -> datetime | None:
    """When some scheduler first saw the job; None when none has."""
    stored = select(meta.c.value).where(meta.c.name == _KNOWN_SINCE + job)
    return instant(connection.execute(stored).scalar())


def remember_job(connection: Connection, job: str, *, at: datetime) -> datetime:
    """Note that the job is known from now on; answers since when it really is."""
    known = find_known_since(connection, job)
    if known is None:
        with suppress(IntegrityError), connection.begin_nested():
            values = {"name": _KNOWN_SINCE + job, "value": micro_text(at)}
            connection.execute(insert(meta).values(**values))
        known = find_known_since(connection, job)
    return known or at


def known_jobs(connection: Connection) -> dict[str, datetime]:
    """Since when each job is known that some scheduler has seen."""
    query = select(meta.c.name, meta.c.value).where(meta.c.name.startswith(_KNOWN_SINCE))
    return {
        row.name.removeprefix(_KNOWN_SINCE): since
        for row in connection.execute(query.order_by(meta.c.name))
        if (since := instant(row.value)) is not None
    }


def known_after(connection: Connection, moment: datetime) -> dict[str, datetime]:
    """The jobs that are noted as known since a later moment, and since when."""
    return {job: since for job, since in known_jobs(connection).items() if since > moment}


def forget_job(connection: Connection, job: str, *, known_since: datetime) -> bool:
    """Remove the note of when a job was first seen, if it still has this moment."""
    if find_known_since(connection, job) != known_since:
        return False
    connection.execute(delete(meta).where(meta.c.name == _KNOWN_SINCE + job))
    return True


def announce(connection: Connection, owner: str, *, seconds: int) -> None:
    """Record that this scheduler is alive for so many seconds to come."""
    name = _name(owner)
    holder = leases.find_holder(connection, name)
    if holder is None:
        _forget_the_dead(connection)
        leases.acquire(connection, name, owner=owner, seconds=seconds)
    else:
        lease = Lease(name=name, owner=owner, token=holder.token, seconds=seconds)
        renew(connection, lease)


def take_leave(connection: Connection, owner: str) -> None:
    """Record that this scheduler ends."""
    connection.execute(leases_table.delete().where(leases_table.c.name == _name(owner)))


def alive(connection: Connection) -> list[Alive]:
    """The schedulers heard of lately, by the database's clock."""
    now: Any = literal_column(server_now(connection))
    query = (
        select(leases_table)
        .where(leases_table.c.name.startswith(_SCHEDULER), leases_table.c.expires_at > now)
        .order_by(leases_table.c.name)
    )
    rows = connection.execute(query).all()
    return [Alive(row.owner, row.acquired_at, row.heartbeat_at) for row in rows]


def _name(owner: str) -> str:
    """The lease that stands for a scheduler; a long host name loses its beginning."""
    return _SCHEDULER + owner[len(_SCHEDULER) - _NAME_CHARACTERS :]


def _forget_the_dead(connection: Connection) -> None:
    now: Any = literal_column(server_now(connection))
    connection.execute(
        leases_table.delete().where(
            leases_table.c.name.startswith(_SCHEDULER), leases_table.c.expires_at <= now
        )
    )
