"""Events in the outbox as people ask for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from savctl.domain.text import MAX_ID
from savctl.persistence.engine import Database
from savctl.persistence.events.outbox_queue import DEAD, WAITING
from savctl.persistence.paging import pages
from savctl.persistence.schema.tables import outbox

_PAGE = 1000


def every_event(
    database: Database, *, after_id: int, limit: int, **wanted: Any
) -> Iterator[dict[str, Any]]:
    """Those events, oldest first, a page at a time; `limit` 0 is no limit."""

    def read(after: int, count: int) -> list[dict[str, Any]]:
        with database.reading() as connection:
            return list_events(connection, after_id=after, limit=count, **wanted)

    for page in pages(read, lambda row: row["id"], after=after_id, size=_PAGE, limit=limit):
        yield from page


def list_events(
    connection: Connection,
    *,
    ticket_id: int | None = None,
    waiting_only: bool = False,
    dead_only: bool = False,
    after_id: int = 0,
    limit: int,
) -> list[dict[str, Any]]:
    """Events in the outbox, oldest first."""
    o = outbox.c
    query = select(outbox).where(o.id > after_id).order_by(o.id)
    if ticket_id is not None:
        query = query.where(o.ticket_id == ticket_id)
    if waiting_only:
        query = query.where(WAITING)
    if dead_only:
        query = query.where(DEAD)
    if limit:
        query = query.limit(limit)
    return [dict(row) for row in connection.execute(query).mappings()]


def events_of(connection: Connection, ids: Sequence[int]) -> list[dict[str, Any]]:
    """Those of these events that there are, oldest first."""
    query = select(outbox).where(outbox.c.id.in_(ids)).order_by(outbox.c.id)
    return [dict(row) for row in connection.execute(query).mappings()]


def last_event_id(connection: Connection) -> int:
    """The newest event's number; 0 when there is none."""
    return int(connection.execute(select(func.max(outbox.c.id))).scalar() or 0)


def find_event(connection: Connection, ref: str) -> dict[str, Any] | None:
    """One event by its number or its UUID."""
    if not ref.isascii():
        return None
    is_number = ref.isdecimal() and len(ref) <= len(str(MAX_ID))
    by = outbox.c.id == int(ref) if is_number else outbox.c.event_id == ref
    row = connection.execute(select(outbox).where(by)).mappings().first()
    return dict(row) if row else None
