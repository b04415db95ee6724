"""The outbox as the relay and `savctl event` see it (rules 8.3 to 8.5).

Waiting is what is neither published, nor dead, nor skipped: `WAITING` is its only definition.
There is no high-water mark: a transaction that commits late may add a lower id than one already
sent.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    and_,
    bindparam,
    delete,
    func,
    or_,
    select,
    update,
)

from savctl.domain.events.publish_window import OutboxEvent
from savctl.persistence.schema.tables import outbox

_O = outbox.c
_LONGEST_ERROR = 500

WAITING: ColumnElement[bool] = and_(
    _O.published_at.is_(None), _O.dead_at.is_(None), _O.skipped_at.is_(None)
)
DEAD: ColumnElement[bool] = and_(_O.published_at.is_(None), _O.dead_at.is_not(None))
_UNSENT: ColumnElement[bool] = and_(_O.published_at.is_(None), _O.skipped_at.is_(None))
SKIPPED: ColumnElement[bool] = and_(_O.published_at.is_(None), _O.skipped_at.is_not(None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why the broker did not take an event, and when to try again; None: it is set aside."""

    id: int
    reason: str
    again_at: datetime | None


def waiting_page(
    connection: Connection,
    *,
    after_id: int,
    limit: int,
    now: datetime,
    without: Collection[str] = (),
) -> list[OutboxEvent]:
    """The oldest events that may be sent now, behind an id, but for those of some routing keys."""
    is_next = and_(WAITING, _due(now), _O.id > after_id)
    query = select(*_SENT).where(is_next).order_by(_O.id).limit(limit)
    if without:
        query = query.where(_O.routing_key.not_in(without))
    return _to_events(connection.execute(query))


def first_waiting(
    connection: Connection, tickets: Iterable[int], *, keys: Collection[str]
) -> dict[int, int]:
    """The first waiting event under one of the routing keys, of each ticket that has one."""
    query = (
        select(_O.ticket_id, func.min(_O.id))
        .where(_among(_O.ticket_id, tickets), _O.routing_key.in_(keys), WAITING)
        .group_by(_O.ticket_id)
    )
    return {ticket: int(first) for ticket, first in connection.execute(query)}


def held_tickets(connection: Connection, *, now: datetime) -> set[int]:
    """Tickets whose oldest unpublished event is dead or has to wait: the later ones wait too."""
    return set(connection.execute(select(_O.ticket_id).where(_holding(now)).distinct()).scalars())


def count_sendable(connection: Connection, *, now: datetime) -> int:
    """How many could be sent now, if the broker took them all."""
    holding = select(_O.ticket_id).where(_holding(now))
    return _count(connection, and_(WAITING, _due(now), _O.ticket_id.not_in(holding)))


def _due(now: datetime) -> ColumnElement[bool]:
    return or_(_O.available_at.is_(None), _O.available_at <= now)


def _holding(now: datetime) -> ColumnElement[bool]:
    """An event behind which its ticket's others wait."""
    return or_(DEAD, and_(WAITING, _O.available_at > now))


def late_tickets(
    connection: Connection, tickets: Iterable[int], *, up_to_id: int, known: Container[int]
) -> set[int]:
    """Which of the tickets have a waiting event up to an id that is not `known`.

    It was committed after the page that its id belongs to was read; what comes behind it in its
    ticket must not be sent before it.
    """
    query = select(_O.id, _O.ticket_id).where(
        _among(_O.ticket_id, tickets), _O.id <= up_to_id, WAITING
    )
    return {ticket for event_id, ticket in connection.execute(query) if event_id not in known}


def mark_published(connection: Connection, ids: Sequence[int], *, at: datetime) -> None:
    """Write down that the broker has them; their last error is history."""
    connection.execute(
        update(outbox)
        .where(_among(_O.id, ids))
        .values(published_at=at, available_at=None, last_error=None)
    )


def mark_refused(connection: Connection, refusals: Sequence[Refusal], *, at: datetime) -> None:
    """Write down refusals, one by one: they are few. What was skipped meanwhile stays skipped."""
    for refusal in refusals:
        connection.execute(
            update(outbox)
            .where(_O.id == refusal.id, _O.skipped_at.is_(None))
            .values(
                attempts=_O.attempts + 1,
                last_error=refusal.reason[:_LONGEST_ERROR],
                available_at=refusal.again_at,
                dead_at=at if refusal.again_at is None else None,
            )
        )


def attempts_of(connection: Connection, ids: Sequence[int]) -> dict[int, int]:
    """How often each was refused before."""
    query = select(_O.id, _O.attempts).where(_O.id.in_(ids))
    return {event_id: int(count) for event_id, count in connection.execute(query)}


def dead_ids(connection: Connection, *, after_id: int, limit: int) -> list[int]:
    """Events that were set aside, behind an id."""
    query = select(_O.id).where(DEAD, _O.id > after_id).order_by(_O.id).limit(limit)
    return list(connection.execute(query).scalars())


def requeue(connection: Connection, ids: Sequence[int]) -> int:
    """Let dead or delayed events be tried again, from the first attempt on."""
    stuck = and_(_among(_O.id, ids), _UNSENT)
    result = connection.execute(
        update(outbox).where(stuck).values(attempts=0, dead_at=None, available_at=None)
    )
    return int(result.rowcount)


def skip(connection: Connection, event_id: int, *, at: datetime) -> int:
    """Give up an unpublished event; the later ones of its ticket go on."""
    stuck = and_(_O.id == event_id, _UNSENT)
    values = {"skipped_at": at, "dead_at": None, "available_at": None}
    return int(connection.execute(update(outbox).where(stuck).values(**values)).rowcount)


def published_page(
    connection: Connection,
    *,
    since: datetime | None,
    until: datetime | None,
    ticket_id: int | None,
    after_id: int,
    limit: int,
) -> list[OutboxEvent]:
    """Events sent before, oldest first, for sending them once more."""
    query = select(*_SENT).where(*_sent_in(since, until, ticket_id), _O.id > after_id)
    return _to_events(connection.execute(query.order_by(_O.id).limit(limit)), is_replay=True)


def count_published(
    connection: Connection,
    *,
    since: datetime | None,
    until: datetime | None,
    ticket_id: int | None,
) -> int:
    """How many there are of them."""
    return _count(connection, and_(*_sent_in(since, until, ticket_id)))


def _sent_in(
    since: datetime | None, until: datetime | None, ticket_id: int | None
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [_O.published_at.is_not(None)]
    if since is not None:
        conditions.append(_O.occurred_at >= since)
    if until is not None:
        conditions.append(_O.occurred_at < until)
    if ticket_id is not None:
        conditions.append(_O.ticket_id == ticket_id)
    return conditions


def delete_published(connection: Connection, *, before: datetime, limit: int) -> int:
    """Remove old events that were published or skipped; one batch, answers how many."""
    ids: list[int] = []
    for gone in _gone(before):
        query = select(_O.id).where(gone).limit(limit - len(ids))
        ids += connection.execute(query).scalars()
    if ids:
        connection.execute(delete(outbox).where(_among(_O.id, ids)))
    return len(ids)


def count_deletable(connection: Connection, *, before: datetime) -> int:
    """How many `delete_published` would remove in the end."""
    return sum(_count(connection, gone) for gone in _gone(before))


def _gone(before: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Two conditions, not one with OR: each is a range of the index, however many rows stay."""
    return _O.published_at < before, and_(SKIPPED, _O.skipped_at < before)


def waiting_counts(connection: Connection, *, now: datetime) -> Mapping[str, Any]:
    """How many wait and are dead, and how long the oldest has waited; by the index of both.

    `oldest_dead_age`: how long ago the oldest of the dead ones happened.
    """
    row = connection.execute(
        select(
            func.count().label("waiting"),
            func.min(_O.occurred_at).label("oldest"),
            func.sum(_O.attempts).label("refusals"),
        ).where(WAITING)
    ).one()
    dead = select(func.count().label("dead"), func.min(_O.occurred_at).label("oldest"))
    dead_row = connection.execute(dead.where(DEAD)).one()
    return {
        "waiting": int(row.waiting),
        "oldest_at": row.oldest,
        "oldest_age": _age(row.oldest, now),
        "refusals": int(row.refusals or 0),
        "dead": int(dead_row.dead),
        "oldest_dead_age": _age(dead_row.oldest, now),
    }


def counts(connection: Connection, *, now: datetime) -> Mapping[str, Any]:
    """The same, and how many were skipped."""
    skipped = _count(connection, SKIPPED)
    return {**waiting_counts(connection, now=now), "skipped": skipped}


def _age(since: datetime | None, now: datetime) -> timedelta | None:
    return None if since is None else max(now - since, timedelta())


def _count(connection: Connection, condition: ColumnElement[bool]) -> int:
    return int(connection.execute(select(func.count()).where(condition)).scalar_one())


_SENT = (
    _O.id,
    _O.event_id,
    _O.event,
    _O.routing_key,
    _O.ticket_id,
    _O.envelope,
    _O.occurred_at,
)


def _to_events(rows: Iterable[Any], *, is_replay: bool = False) -> list[OutboxEvent]:
    return [
        OutboxEvent(
            id=number,
            event_id=event_id,
            event=event,
            routing_key=key,
            ticket_id=ticket,
            envelope=envelope,
            occurred_at=at,
            is_replay=is_replay,
        )
        for number, event_id, event, key, ticket, envelope, at in rows
    ]


def _among(column: ColumnElement[int], numbers: Iterable[int]) -> ColumnElement[bool]:
    """Written out, not bound one by one: that was a fifth of the relay's own work."""
    listed: BindParameter[Any] = bindparam(
        None, list(numbers), expanding=True, literal_execute=True
    )
    return column.in_(listed)
