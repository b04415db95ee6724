"""Rows that are over: the service's `cache` and `cache_locks`, and short-lived ones of savctl."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, delete, func, select

from savctl.persistence.schema import server_info
from savctl.persistence.schema.tables import (
    cache,
    cache_locks,
    commits,
    inbox,
    rate_limits,
    sync_state,
    ticket_writes,
)


@dataclass(frozen=True, slots=True, eq=False)
class OldRows:
    """The rows of one table that are over, to be removed page by page in the order of a key."""

    key: Column[Any]
    is_old: ColumnElement[bool]

    @property
    def name(self) -> str:
        """The table's name."""
        return self.key.table.name

    def page(self, connection: Connection, *, after: object, limit: int) -> list[Any]:
        """The next keys; `after` None begins."""
        query = select(self.key).where(self.is_old).order_by(self.key).limit(limit)
        query = query if after is None else query.where(self.key > after)
        return list(connection.execute(query).scalars())

    def count(self, connection: Connection) -> int:
        """How many there are."""
        query = select(func.count()).select_from(self.key.table).where(self.is_old)
        return int(connection.execute(query).scalar_one())

    def remove(self, connection: Connection, keys: Sequence[Any]) -> int:
        """Delete those of these rows that are still over: one may have been renewed."""
        wanted = delete(self.key.table).where(self.key.in_(keys), self.is_old)
        return connection.execute(wanted).rowcount


def expired_caches(now: datetime, *, lock_grace: timedelta) -> tuple[OldRows, ...]:
    """What is over in both tables; a lock stays for the grace, the service's clock may be late.

    `expiration` is in unix seconds, inclusive.
    """
    until, locks_until = int(now.timestamp()), int((now - lock_grace).timestamp())
    return (
        OldRows(cache.c.key, cache.c.expiration <= until),
        OldRows(cache_locks.c.key, cache_locks.c.expiration <= locks_until),
    )


def old_tokens(below: str) -> OldRows:
    """Commit tokens below one (see `commit_tokens`)."""
    return OldRows(commits.c.token, commits.c.token < below)


def idle_users(connection: Connection, *, kept: timedelta) -> OldRows:
    """Counts of users who started no command for so long, by the database's clock."""
    before = server_info.now(connection) - kept
    return OldRows(rate_limits.c.user_id, rate_limits.c.last_at < before)


def old_writes(connection: Connection, *, kept: timedelta) -> OldRows:
    """Rows of tickets that nobody changed for so long, by the database's clock."""
    before = server_info.now(connection) - kept
    return OldRows(ticket_writes.c.ticket_id, ticket_writes.c.written_at < before)


def taken_in_before(moment: datetime) -> OldRows:
    """Messages of other services that were taken in before (rules 14.2)."""
    return OldRows(inbox.c.message_key, inbox.c.received_at < moment)


def deleted_before(moment: datetime) -> OldRows:
    """The state of users whom the auth service deleted before (rules 14.1)."""
    is_old = sync_state.c.is_deleted.is_(True) & (sync_state.c.changed_at < moment)
    return OldRows(sync_state.c.subject, is_old)
