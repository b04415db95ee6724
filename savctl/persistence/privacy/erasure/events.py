"""Events of a person in the outbox: removed, given up, or without the person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, func, not_, or_, select

from savctl.domain.privacy.anonymous import anonymised_envelope, given_up_envelope
from savctl.persistence.bulk import update_texts
from savctl.persistence.privacy.erasure.scope import AT_ONCE, Scope
from savctl.persistence.schema.tables import outbox
from savctl.persistence.sql import chunks
from savctl.persistence.types import time_text

_O = outbox.c
GIVEN_UP = "erased"  # `last_error` of an event that was not sent


def count(connection: Connection, scope: Scope) -> int:
    """Events that still hold something of the person."""
    theirs = scope.is_of_theirs(_O.ticket_id)
    found = _count(connection, and_(theirs, _is_whole()))
    for ids in scope.parts(only_deleted=True):
        found += _count(connection, and_(_O.ticket_id.in_(ids), _is_whole()))
    for ids in chunks(sorted(scope.anonymised), AT_ONCE):
        found += _count(connection, and_(_O.ticket_id.in_(ids), _names(scope.user_id)))
    return found + _count(connection, _elsewhere(scope))


def erase_of(connection: Connection, ticket_ids: Sequence[int], *, at: datetime) -> int:
    """Remove what was sent of these tickets, give up the rest; answers how many."""
    return _erase(connection, _O.ticket_id.in_(ticket_ids), at)


def elsewhere(connection: Connection, scope: Scope, *, limit: int) -> list[int]:
    """Events about what they wrote on tickets of others."""
    query = select(_O.id).where(_elsewhere(scope)).order_by(_O.id).limit(limit)
    return list(connection.execute(query).scalars())


def erase_rows(connection: Connection, ids: Sequence[int], *, at: datetime) -> int:
    """The same for events by id."""
    return sum(_erase(connection, _O.id.in_(some), at) for some in chunks(ids, AT_ONCE))


def _erase(connection: Connection, wanted: ColumnElement[bool], at: datetime) -> int:
    sent = connection.execute(delete(outbox).where(wanted, _O.published_at.is_not(None)))
    query = select(_O.id, _O.event, _O.ticket_id, _O.occurred_at).where(wanted, _is_whole())
    unsent = connection.execute(query).all()
    bare = [(r.id, given_up_envelope(r.event, r.ticket_id, r.occurred_at)) for r in unsent]
    given_up = {
        "last_error": GIVEN_UP,
        "skipped_at": time_text(at, fsp=6),
        "dead_at": None,
        "available_at": None,
    }
    update_texts(connection, outbox, "envelope", bare, **given_up)
    return int(sent.rowcount) + len(unsent)


def anonymise(connection: Connection, ticket_ids: Sequence[int], user_id: int) -> int:
    """Take the person out of the events of tickets that stay; answers how many changed."""
    query = select(_O.id, _O.envelope).where(_O.ticket_id.in_(ticket_ids))
    stored = {row.id: row.envelope for row in connection.execute(query)}
    left = {i: anonymised_envelope(text, user_id) for i, text in stored.items()}
    changed = [(i, text) for i, text in left.items() if text != stored[i]]
    update_texts(connection, outbox, "envelope", changed)
    return len(changed)


def _elsewhere(scope: Scope) -> ColumnElement[bool]:
    sender = f'"sender_id": {scope.user_id}, "sender_type": "customer"'
    conditions = [
        _O.event == "MessageAdded",
        _O.envelope.contains(sender, autoescape=True),
        not_(scope.is_of_theirs(_O.ticket_id)),
    ]
    if scope.kept:
        conditions.append(_O.ticket_id.not_in(scope.kept))
    return and_(*conditions)


def _names(user_id: int) -> ColumnElement[bool]:
    """Whether an envelope names them; the number may begin a longer one."""
    keys = ("user_id", "sender_id", "changed_by")
    texts = [f'"{key}": {user_id}{end}' for key in keys for end in (",", "}")]
    return or_(*(_O.envelope.contains(text, autoescape=True) for text in texts))


def _is_whole() -> ColumnElement[bool]:
    return or_(_O.last_error.is_(None), _O.last_error != GIVEN_UP)


def _count(connection: Connection, condition: ColumnElement[bool]) -> int:
    query = select(func.count()).select_from(outbox).where(condition)
    return int(connection.execute(query).scalar_one())
