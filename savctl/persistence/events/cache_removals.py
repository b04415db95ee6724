"""Tickets whose entries in the service's cache are to be removed, oldest change first.

A row stays until its removal is certain, and for some seconds longer: a reader that had read the
ticket before the commit may store what it read a moment after the first removal. Ids of rows may
be stored out of their order, so no position is kept: what is done is deleted, row by row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select

from savctl.persistence.schema import server_info
from savctl.persistence.schema.tables import cache_removals
from savctl.persistence.sql import chunks

_R = cache_removals.c
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class CacheRemoval:
    """One change of a ticket; `is_settled` when nobody can store an older state any more."""

    id: int
    ticket_id: int
    is_settled: bool


class CacheRemovals:
    """The changes that wait, in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, ticket_ids: Iterable[int]) -> None:
        """Have the entries of these tickets removed once the transaction is committed."""
        ids = sorted(ticket_ids)
        if not ids:
            return
        now = server_info.now(self._connection)
        for some in chunks(ids, _CHUNK):
            rows = [{"ticket_id": ticket_id, "queued_at": now} for ticket_id in some]
            self._connection.execute(insert(cache_removals), rows)

    def page(self, *, after_id: int, limit: int, settle: timedelta) -> list[CacheRemoval]:
        """The oldest changes behind this one."""
        settled = server_info.now(self._connection) - settle
        query = select(_R.id, _R.ticket_id, _R.queued_at).where(_R.id > after_id)
        rows = self._connection.execute(query.order_by(_R.id).limit(limit))
        return [CacheRemoval(i, ticket_id, at <= settled) for i, ticket_id, at in rows]

    def done(self, ids: Sequence[int]) -> None:
        """Forget these changes: their entries are gone."""
        for some in chunks(ids, _CHUNK):
            self._connection.execute(delete(cache_removals).where(_R.id.in_(some)))

    def waiting(self) -> tuple[int, datetime | None]:
        """How many changes wait, and since when the oldest does."""
        query = select(func.count(), func.min(_R.queued_at)).select_from(cache_removals)
        count, oldest = self._connection.execute(query).one()
        return int(count), oldest


def queue_removals(connection: Connection, ticket_ids: set[int]) -> None:
    """Store, in the transaction that changes these tickets, that their entries are to go."""
    CacheRemovals(connection).add(ticket_ids)


def forget_removals(connection: Connection, *, ids: Sequence[int]) -> None:
    """Forget changes whose entries are gone."""
    CacheRemovals(connection).done(ids)
