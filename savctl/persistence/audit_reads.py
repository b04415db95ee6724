"""The audit as people ask for it (rules 12.6): newest first, a page at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, select

from savctl.persistence.engine import Database
from savctl.persistence.paging import pages
from savctl.persistence.schema.tables import audit

_PAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which entries are wanted; a None leaves that side open. `since` is in, `until` is out."""

    ticket_id: int | None = None
    actor: int | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before_id: int | None = None


def newest_entries(
    database: Database, wanted: AuditFilter, *, limit: int
) -> Iterator[dict[str, Any]]:
    """Those entries, newest first; `limit` 0 is no limit."""
    query = _query(wanted)

    def read(before: int | None, count: int) -> list[dict[str, Any]]:
        page = query if before is None else query.where(audit.c.id < before)
        with database.reading() as connection:
            return _rows(connection, page.limit(count))

    start = wanted.before_id
    for page in pages(read, lambda row: row["id"], after=start, size=_PAGE, limit=limit):
        yield from page


def entries_since(
    connection: Connection, since: datetime, *, action: str, actor: int | None = None
) -> list[dict[str, Any]]:
    """What entries of one action since a moment hold, in no order: the index by time answers."""
    query = select(audit.c.entry).where(audit.c.at >= since, audit.c.action == action)
    if actor is not None:
        query = query.where(audit.c.actor == actor)
    return [json.loads(entry) for entry in connection.execute(query).scalars()]


def _query(wanted: AuditFilter) -> Select[Any]:
    a = audit.c
    query = select(a.id, a.at, a.actor, a.action, a.ticket_id, a.run_id, a.entry)
    if wanted.ticket_id is not None:
        query = query.where(a.ticket_id == wanted.ticket_id)
    if wanted.actor is not None:
        query = query.where(a.actor == wanted.actor)
    if wanted.action is not None:
        query = query.where(a.action == wanted.action)
    if wanted.since is not None:
        query = query.where(a.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(a.at < wanted.until)
    return query.order_by(a.id.desc())


def _rows(connection: Connection, query: Select[Any]) -> list[dict[str, Any]]:
    rows = [dict(row) for row in connection.execute(query).mappings()]
    return [row | {"entry": json.loads(row["entry"])} for row in rows]
