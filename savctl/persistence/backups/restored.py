"""What a restore changes in the restored database, and what it must know of the replaced one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, inspect, select, union, update

from savctl.persistence.schema.tables import (
    archived_tickets,
    leases,
    meta,
    outbox,
    support_tickets,
    suppressions,
    ticket_messages,
    users,
)
from savctl.persistence.sql import chunks

_O = outbox.c
_BRAKE = "orphan-brake"
_ERASURE_KEY = "erasure_key"
HELD = "held: may have been sent before the restore of backup "
_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplacedDatabase:
    """What only the replaced database knows.

    `sent` are the events that it published since the backup, `waiting` those that it did not.
    """

    suppressions: tuple[dict[str, Any], ...] = ()
    erasure_key: str | None = None
    sent: Mapping[str, datetime] = field(default_factory=dict)
    waiting: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SettledEvents:
    """How many events were marked as sent, were held, and were sent of changes that are lost."""

    marked: int
    held: int
    ahead: int


def knows_persons(connection: Connection) -> bool:
    """Whether the database has savctl's tables; one that was never adopted has none."""
    return inspect(connection).has_table(suppressions.name)


def known_of(connection: Connection, *, since: datetime) -> ReplacedDatabase:
    """Read it; `since` is when the backup was made."""
    sent = select(_O.event_id, _O.published_at).where(_O.published_at >= since)
    waiting = select(_O.event_id).where(_O.published_at.is_(None))
    return ReplacedDatabase(
        suppressions=tuple(row._asdict() for row in connection.execute(select(suppressions))),
        erasure_key=_meta(connection, _ERASURE_KEY),
        sent={row.event_id: row.published_at for row in connection.execute(sent)},
        waiting=frozenset(connection.execute(waiting).scalars()),
    )


def free_leases(connection: Connection) -> None:
    """Nobody holds a lease of a restored database: they were held when it was dumped."""
    connection.execute(update(leases).values(owner=None, expires_at=None))


def add_suppressions(connection: Connection, replaced: ReplacedDatabase) -> int:
    """Bring those of the replaced database over; answers how many are new."""
    if replaced.erasure_key is not None and _meta(connection, _ERASURE_KEY) is None:
        values = {"name": _ERASURE_KEY, "value": replaced.erasure_key}
        connection.execute(insert(meta).values(**values))
    known = set(connection.execute(select(suppressions.c.person)).scalars())
    new = [row for row in replaced.suppressions if row["person"] not in known]
    if new:
        connection.execute(insert(suppressions), new)
    return len(new)


def customer_ids(connection: Connection) -> Iterator[list[int]]:
    """The ids of every customer of whom there is something, in bounded lists."""
    query = union(
        select(support_tickets.c.user_id),
        select(users.c.id),
        select(archived_tickets.c.user_id),
        select(ticket_messages.c.sender_id).where(ticket_messages.c.sender_type == "customer"),
    )
    found = connection.execute(query).scalars()
    yield from chunks((one for one in found if one), 10_000)


def settle_events(
    connection: Connection, replaced: ReplacedDatabase | None, *, backup_id: str, at: datetime
) -> SettledEvents:
    """Mark the events that were sent, hold those of which it is not known; how many of each.

    Without a replaced database nothing is known.
    """
    unsent = select(_O.event_id).where(
        _O.published_at.is_(None), _O.skipped_at.is_(None), _O.dead_at.is_(None)
    )
    events = list(connection.execute(unsent).scalars())
    known = replaced or ReplacedDatabase()
    sent = [event for event in events if event in known.sent]
    held = [e for e in events if e not in known.sent and e not in known.waiting]
    for event in sent:
        connection.execute(
            update(outbox).where(_O.event_id == event).values(published_at=known.sent[event])
        )
    for some in chunks(held, _AT_ONCE):
        values = {"dead_at": at, "last_error": f"{HELD}{backup_id}"}
        connection.execute(update(outbox).where(_O.event_id.in_(some)).values(**values))
    return SettledEvents(len(sent), len(held), _gone(connection, known))


def _gone(connection: Connection, known: ReplacedDatabase) -> int:
    """How many events the replaced database sent that the restored one does not have."""
    there = 0
    for some in chunks(known.sent, _AT_ONCE):
        query = select(func.count()).where(_O.event_id.in_(some))
        there += int(connection.execute(query).scalar_one())
    return len(known.sent) - there


def release_held_events(connection: Connection) -> int:
    """Let events that a restore held be sent after all; answers how many."""
    is_held = _O.last_error.startswith(HELD, autoescape=True)
    values = {"dead_at": None, "last_error": None}
    result = connection.execute(
        update(outbox)
        .where(is_held, _O.published_at.is_(None), _O.dead_at.is_not(None))
        .values(**values)
    )
    return int(result.rowcount)


def brake_orphans(connection: Connection, text: str) -> None:
    """Let no orphan be hidden until a person lifts it."""
    lift_orphan_brake(connection)
    connection.execute(insert(meta).values(name=_BRAKE, value=text))


def orphan_brake(connection: Connection) -> str | None:
    """Why no orphan may be hidden; None where one may."""
    return _meta(connection, _BRAKE)


def lift_orphan_brake(connection: Connection) -> None:
    """A person has looked."""
    connection.execute(delete(meta).where(meta.c.name == _BRAKE))


def _meta(connection: Connection, name: str) -> str | None:
    return connection.execute(select(meta.c.value).where(meta.c.name == name)).scalar()
