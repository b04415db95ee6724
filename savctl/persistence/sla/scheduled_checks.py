"""When the scan must look at a ticket next (design: an index, never the truth).

An alarm is a lower bound: no breach can come before it, whatever other programs do meanwhile. It
rings at most a few times in a ticket's life, so a scan costs what is due, not what is open.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select

from savctl.domain.sla.targets import COUNTED
from savctl.persistence.alike import insert_for_tickets
from savctl.persistence.bulk import delete_in, insert_rows
from savctl.persistence.schema.tables import sla_alarms, support_tickets
from savctl.persistence.types import time_text

_A, _T = sla_alarms.c, support_tickets.c
_COLUMNS = ("ticket_id", "looks_at", "row_updated_at")
# From so many at one time on, one statement with their ids costs less than their rows.
_MANY = 20
_STATUSES = tuple(sorted(COUNTED))


class ScheduledChecks:
    """The alarms of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def schedule_now(self, tickets: Iterable[tuple[int, datetime]]) -> None:
        """Have the next scan look at these: something happened that it must judge."""
        by_time: dict[datetime, list[int]] = {}
        for ticket_id, at in dict(tickets).items():
            by_time.setdefault(at, []).append(ticket_id)
        single: list[tuple[Any, ...]] = []
        for at, ids in by_time.items():
            if len(ids) < _MANY:
                single += [(ticket_id, _text(at), None) for ticket_id in ids]
                continue
            row = (None, _text(at), None)
            insert_for_tickets(self._connection, sla_alarms, _COLUMNS, [row], ids, replaces=True)
        insert_rows(self._connection, sla_alarms, _COLUMNS, single, replaces=True)

    def put(self, alarms: Iterable[tuple[int, datetime | None, datetime | None]]) -> None:
        """Set when to look at each ticket again, with when its row was changed last.

        None for never, unless the row changes.
        """
        rows = [(ticket_id, _text(at), _text(updated_at)) for ticket_id, at, updated_at in alarms]
        insert_rows(self._connection, sla_alarms, _COLUMNS, rows, replaces=True)

    def remove(self, ticket_ids: Sequence[int]) -> None:
        """Forget tickets that are over or gone."""
        delete_in(self._connection, sla_alarms, "ticket_id", list(ticket_ids))


@dataclass(slots=True)
class DueChecks:
    """The tickets whose alarm has come, the longest overdue first; pages go on by themselves."""

    now: datetime
    _last: tuple[datetime, int] | None = None

    def page(self, connection: Connection, *, after_id: int, limit: int) -> list[int]:
        """The next ids; `after_id` is not used, because they come by time."""
        query = select(_A.looks_at, _A.ticket_id).where(_A.looks_at <= self.now)
        if self._last is not None:
            at, ticket_id = self._last
            later = or_(_A.looks_at > at, _A.ticket_id > ticket_id)
            query = query.where(_A.looks_at >= at, later)
        rows = connection.execute(query.order_by(_A.looks_at, _A.ticket_id).limit(limit)).all()
        if rows:
            self._last = (rows[-1].looks_at, rows[-1].ticket_id)
        return [row.ticket_id for row in rows]


@dataclass(slots=True)
class UnscheduledTickets:
    """Active tickets without an alarm, or changed behind it: another program's work.

    Only ids above `from_id` are looked at, each status in the order of its index; what is due
    by its alarm is left to that.
    """

    now: datetime
    from_id: int = 0
    _at: int = 0
    _last: int = 0

    def page(self, connection: Connection, *, after_id: int, limit: int) -> list[int]:
        """The next ids; `after_id` is not used, because they come status by status."""
        while self._at < len(_STATUSES):
            ids = self._ids(connection, limit)
            if ids:
                self._last = ids[-1]
                return ids
            self._at, self._last = self._at + 1, 0
        return []

    def _ids(self, connection: Connection, limit: int) -> list[int]:
        is_not_due = or_(_A.looks_at.is_(None), _A.looks_at > self.now)
        changed = and_(_is_changed(connection.dialect.name), is_not_due)
        query = (
            select(_T.id)
            .outerjoin_from(support_tickets, sla_alarms, _A.ticket_id == _T.id)
            .where(
                _T.status == _STATUSES[self._at],
                _T.id > max(self._last, self.from_id),
                or_(_A.ticket_id.is_(None), changed),
            )
            .order_by(_T.id)
            .limit(limit)
        )
        return list(connection.execute(query).scalars())


def newest_ticket_id(connection: Connection) -> int:
    """The highest id there is, 0 for none."""
    return int(connection.execute(select(func.max(_T.id))).scalar_one() or 0)


def next_look_at(connection: Connection) -> datetime | None:
    """When an active ticket must be looked at next; one without an alarm since it was made."""
    due = func.min(case((_A.ticket_id.is_(None), _T.created_at), else_=_A.looks_at))
    query = select(due).outerjoin_from(support_tickets, sla_alarms, _A.ticket_id == _T.id)
    found: datetime | None = connection.execute(query.where(_T.status.in_(_STATUSES))).scalar_one()
    return found


def count_due(connection: Connection, *, now: datetime) -> int:
    """How many alarms have come and were not looked at yet."""
    query = select(func.count()).select_from(sla_alarms).where(_A.looks_at <= now)
    return int(connection.execute(query).scalar_one())


def _is_changed(dialect: str) -> ColumnElement[bool]:
    """Whether the row was written since; on SQLite times are text, with a fraction or without."""
    stored: ColumnElement[Any] = _A.row_updated_at
    if dialect == "sqlite":
        stored = func.substr(_A.row_updated_at, 1, 19)
    return and_(_T.updated_at.is_not(None), or_(stored.is_(None), stored != _T.updated_at))


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else time_text(moment, fsp=6)
