"""The ledger of breaches: one row for each side of a ticket, whatever becomes of its metadata.

Another program may rewrite `metadata`; what stands here is not published a second time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    distinct,
    func,
    or_,
    select,
    text,
)

from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.domain.sla.breach import Breach
from savctl.domain.sla.clock import Side
from savctl.persistence.bulk import insert_rows
from savctl.persistence.engine import Database
from savctl.persistence.metrics.totals import TotalKey, add_to_totals
from savctl.persistence.paging import pages
from savctl.persistence.schema.tables import sla_breaches, support_tickets
from savctl.persistence.sql import fetched, id_list
from savctl.persistence.types import time_text


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachFilter:
    """Which breaches: by the moment the target passed, side, promise, agent or ticket."""

    since: datetime | None = None
    until: datetime | None = None
    side: Side | None = None
    priorities: tuple[Priority, ...] = ()
    agent_id: int | None = None
    is_unassigned: bool = False
    ticket_id: int | None = None

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """As the query has them."""
        b = sla_breaches.c
        if self.since is not None:
            yield b.at >= self.since
        if self.until is not None:
            yield b.at < self.until
        for column, value in (
            (b.side, self.side),
            (support_tickets.c.assigned_to, self.agent_id),
            (b.ticket_id, self.ticket_id),
        ):
            if value is not None:
                yield column == value
        if self.priorities:
            yield b.priority.in_(self.priorities)
        if self.is_unassigned:  # a ticket that is gone is nobody's, and not unassigned
            yield and_(support_tickets.c.id.is_not(None), support_tickets.c.assigned_to.is_(None))


BREACHES_TOTAL = "savctl_sla_breaches_total"
_WRITERS = 8  # scan, audit and commands at once
_PAGE = 1_000
_Position = tuple[datetime, int, str]
_MOST_MINUTES = 2**31 - 1  # an INTEGER: 4,000 years, which a dry run with --at may look ahead
_COLUMNS = (
    "ticket_id",
    "side",
    "at",
    "found_at",
    "priority",
    "expected_minutes",
    "actual_minutes",
    "raised_to",
    "run_id",
)


class Ledger:
    """The breaches of one transaction; a job's name their run."""

    def __init__(self, connection: Connection, *, run_id: int | None = None) -> None:
        self._connection = connection
        self._run_id = run_id

    def append(self, breaches: Iterable[tuple[int, Breach]]) -> None:
        """Write down breaches by ticket; a second one of a side is an error."""
        rows = [
            (
                ticket_id,
                str(breach.side),
                time_text(breach.at, fsp=6),
                time_text(breach.found_at, fsp=6),
                str(breach.priority),
                breach.expected_minutes,
                min(breach.actual_minutes, _MOST_MINUTES),
                None if breach.raised_to is None else str(breach.raised_to),
                self._run_id,
            )
            for ticket_id, breach in breaches
        ]
        insert_rows(self._connection, sla_breaches, _COLUMNS, rows)
        counts = Counter[TotalKey]((BREACHES_TOTAL, str(row[1])) for row in rows)
        add_to_totals(self._connection, counts, parts=_WRITERS)

    def sides(self, ticket_ids: Sequence[int]) -> dict[int, frozenset[Side]]:
        """Which sides of these tickets are written down."""
        if not ticket_ids:
            return {}
        found: dict[int, frozenset[Side]] = {}
        query = (
            "SELECT ticket_id, side FROM savctl_sla_breaches "  # noqa: S608
            f"WHERE ticket_id IN ({id_list(ticket_ids)})"
        )
        for ticket_id, side in fetched(self._connection, query):
            found[ticket_id] = found.get(ticket_id, frozenset()) | {Side(side)}
        return found

    def of_tickets(self, ticket_ids: Sequence[int]) -> dict[int, tuple[Breach, ...]]:
        """What is written down of these tickets; nothing for those that are not there."""
        found: dict[int, tuple[Breach, ...]] = dict.fromkeys(ticket_ids, ())
        if not ticket_ids:
            return found
        theirs = text(f"ticket_id IN ({id_list(ticket_ids)})")  # or SQLAlchemy looks at each
        query = select(sla_breaches).where(theirs).order_by(sla_breaches.c.at)
        for row in self._connection.execute(query):
            found[row.ticket_id] += (breach_of(row),)
        return found


def list_breaches(
    database: Database,
    wanted: BreachFilter,
    *,
    after: _Position | None = None,
    limit: int = 0,
) -> Iterator[Row[Any]]:
    """Breaches with their tickets, the newest first; a deleted ticket's has no number.

    `after` is the row behind which to go on, by its time, ticket and side. Each page is a short
    transaction of its own; `limit` 0 is no limit.
    """

    def read(after: _Position | None, count: int) -> Sequence[Row[Any]]:
        with database.reading() as connection:
            return connection.execute(_query(wanted, after).limit(count)).all()

    for page in pages(read, _position, after=after, size=_PAGE, limit=limit):
        yield from page


def _position(row: Row[Any]) -> _Position:
    return row.at, row.ticket_id, row.side


def _query(wanted: BreachFilter, after: _Position | None) -> Select[Any]:
    b, t = sla_breaches.c, support_tickets.c
    query = (
        select(sla_breaches, t.ticket_number, t.status, t.assigned_to)
        .outerjoin_from(sla_breaches, support_tickets, t.id == b.ticket_id)
        .where(*wanted.conditions())
        .order_by(b.at.desc(), b.ticket_id.desc(), b.side.desc())
    )
    if after is None:
        return query
    at, ticket_id, side = after
    same = and_(b.ticket_id == ticket_id, b.side < side)
    return query.where(b.at <= at, or_(b.at < at, b.ticket_id < ticket_id, same))


def breach_of(row: Row[Any]) -> Breach:
    """A row of the ledger as a value."""
    return Breach(
        side=Side(row.side),
        at=row.at,
        found_at=row.found_at,
        priority=Priority(row.priority),
        expected_minutes=row.expected_minutes,
        actual_minutes=row.actual_minutes,
        raised_to=Priority(row.raised_to) if row.raised_to else None,
    )


def count_running(connection: Connection) -> int:
    """How many active tickets are past one of their targets."""
    b, t = sla_breaches.c, support_tickets.c
    active = t.status.in_([Status.OPEN, Status.IN_PROGRESS, Status.WAITING_CUSTOMER])
    query = select(func.count(distinct(b.ticket_id))).join_from(
        sla_breaches, support_tickets, b.ticket_id == t.id
    )
    return int(connection.execute(query.where(active)).scalar_one())
