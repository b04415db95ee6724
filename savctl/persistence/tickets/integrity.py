"""What `db check` reads of tickets: their columns, their audit, their events.

Everything is read in bounded pages. A page is read from one snapshot, so that a ticket which is
being changed at this moment is seen with its audit and not without.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    String,
    and_,
    exists,
    func,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.engine import Dialect

from savctl.domain.clock import micro_text
from savctl.domain.model.history import Action
from savctl.domain.model.metadata import Metadata
from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.domain.model.status_chain import Item
from savctl.domain.model.ticket import NOBODY
from savctl.domain.tickets.integrity import Facts
from savctl.domain.tickets.merge_links import came_in, went_into
from savctl.persistence.engine import Database
from savctl.persistence.schema.tables import audit, outbox, support_tickets, ticket_messages
from savctl.persistence.types import UtcDateTime

_T, _A, _O, _M = support_tickets.c, audit.c, outbox.c, ticket_messages.c
# Rows that break a constraint: no damage of the file, and found by the checks of rows.
_BAD_VALUES = ("CHECK constraint failed", "NULL value in")
_HISTORY = tuple(str(action) for action in Action)
_STATUSES = {str(status): status for status in Status}
_PRIORITIES = frozenset(map(str, Priority))
_TIMES = ("created_at", "updated_at", "resolved_at", "closed_at")
_INSTANT = UtcDateTime()


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A ticket that no command can read, and why."""

    id: int
    number: str
    reason: str


@contextmanager
def snapshot(database: Database) -> Iterator[Connection]:
    """A connection that sees one moment of the database, whatever is committed meanwhile."""
    with database.reading() as connection:
        if not database.is_sqlite:  # READ COMMITTED sees another moment with each query
            connection.execution_options(isolation_level="REPEATABLE READ")
        yield connection


def tickets_page(connection: Connection, *, after_id: int, limit: int) -> list[Facts | Unreadable]:
    """The next tickets in id order."""
    query = (
        select(
            _T.id,
            _T.ticket_number,
            # as text: a value that the ENUM does not have must not end the whole page
            type_coerce(_T.status, String).label("status"),
            type_coerce(_T.priority, String).label("priority"),
            _T.assigned_to,
            _T.user_id,
            _T.metadata,
            *(type_coerce(_T[name], String).label(name) for name in _TIMES),  # as they are stored
        )
        .where(_T.id > after_id)
        .order_by(_T.id)
        .limit(limit)
    )
    return [_facts(row, connection.dialect) for row in connection.execute(query)]


def audited(connection: Connection, ids: Sequence[int]) -> dict[int, list[Item]]:
    """The history entries that the audit has of these tickets, in the order of the audit."""
    query = (
        select(_A.ticket_id, _A.entry)
        .where(_A.ticket_id.in_(ids), _A.action.in_(_HISTORY))
        .order_by(_A.ticket_id, _A.id)
    )
    found: dict[int, list[Item]] = defaultdict(list)
    for ticket_id, entry in connection.execute(query):
        found[ticket_id].append(json.loads(entry))
    return found


def linked(connection: Connection, tickets: Sequence[Facts]) -> dict[int, Metadata]:
    """The metadata of the tickets that these name as merged, those that are here."""
    ids = {i for t in tickets for i in (went_into(t.metadata), *came_in(t.metadata))} - {None}
    if not ids:
        return {}
    query = select(_T.id, _T.metadata).where(_T.id.in_(sorted(filter(None, ids))))
    return {row.id: row.metadata for row in connection.execute(query)}


def messages_on_merged(connection: Connection, tickets: Sequence[Facts]) -> dict[int, int]:
    """How many messages stand on those of these tickets that were merged away."""
    ids = [t.id for t in tickets if went_into(t.metadata) is not None]
    if not ids:
        return {}
    query = select(_M.ticket_id, func.count()).where(_M.ticket_id.in_(ids))
    return {ticket_id: int(n) for ticket_id, n in connection.execute(query.group_by(_M.ticket_id))}


def events_without_audit(connection: Connection, ids: Sequence[int]) -> dict[int, list[str]]:
    """Events of these tickets, as `name at time`, whose change the audit does not have."""
    caused = exists().where(_A.ticket_id == _O.ticket_id, or_(*_causes()))
    query = (
        select(_O.ticket_id, _O.event, _O.occurred_at)
        .where(_O.ticket_id.in_(ids), _O.event.in_(_AUDITED_EVENTS), ~caused)
        .order_by(_O.id)
    )
    found: dict[int, list[str]] = defaultdict(list)
    for ticket_id, event, at in connection.execute(query):
        found[ticket_id].append(f"{event} at {micro_text(at)}")
    return found


def damage(connection: Connection, *, sample: int) -> list[str]:
    """What SQLite finds wrong in its file; nothing on a server."""
    if connection.dialect.name != "sqlite":
        return []
    messages = connection.exec_driver_sql(f"PRAGMA quick_check({sample})").scalars().all()
    return [
        str(line) for line in messages if line != "ok" and not str(line).startswith(_BAD_VALUES)
    ]


def numbers_twice(connection: Connection, *, sample: int) -> list[str]:
    """Ticket numbers that differ in case only; the collation of a server forbids them."""
    if connection.dialect.name != "sqlite":
        return []
    folded = func.lower(_T.ticket_number)
    query = select(func.group_concat(_T.ticket_number)).group_by(folded)
    return list(connection.execute(query.having(func.count() > 1).limit(sample)).scalars())


def _facts(row: Row[Any], dialect: Dialect) -> Facts | Unreadable:
    if row.status not in _STATUSES or row.priority not in _PRIORITIES:
        is_status = row.status not in _STATUSES
        wrong = f"status {row.status!r}" if is_status else f"priority {row.priority!r}"
        return Unreadable(row.id, row.ticket_number, wrong)
    stored = {name: getattr(row, name) for name in _TIMES}
    times = {name: _INSTANT.process_result_value(raw, dialect) for name, raw in stored.items()}
    return Facts(
        id=row.id,
        number=row.ticket_number,
        status=_STATUSES[row.status],
        assigned_to=row.assigned_to,
        metadata=row.metadata,
        **times,
        odd_times=tuple(
            f"{name} is {stored[name]!r}"
            for name, at in times.items()
            if at is None and stored[name] is not None
        ),
        is_anonymous=row.user_id == NOBODY,
    )


def _causes() -> Iterator[ColumnElement[bool]]:
    """For each event, the audit entries that can have caused it."""
    for events, actions, is_timed in _CAUSES:
        cause = and_(_O.event.in_(events), _A.action.in_(actions))
        # an import is audited at the time of its ticket, and published later
        yield and_(cause, _A.at == _O.occurred_at) if is_timed else cause


_CAUSES: tuple[tuple[tuple[str, ...], tuple[str, ...], bool], ...] = (
    (("TicketCreated",), ("created", "imported"), False),
    (("TicketAssigned",), ("assigned",), True),
    (("TicketStatusChanged", "TicketResolved"), ("status",), True),
)
_AUDITED_EVENTS = tuple(event for events, _, _ in _CAUSES for event in events)
