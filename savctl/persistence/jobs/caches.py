"""Expired rows of the service's `cache` and `cache_locks`, old tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Table, delete, func, select

from savctl.persistence.schema.tables import cache, cache_locks, commits


@dataclass(frozen=True, slots=True)
class Expired:
    """The rows of one table that are over; `expiration` is in unix seconds, inclusive."""

    table: Table
    by: int

    @property
    def name(self) -> str:
        """The table's name."""
        return self.table.name

    def page(self, connection: Connection, *, after: str | None, limit: int) -> list[str]:
        """The next keys, in the order of the keys."""
        key = self.table.c.key
        query = select(key).where(self.table.c.expiration <= self.by).order_by(key).limit(limit)
        query = query if after is None else query.where(key > after)
        return list(connection.execute(query).scalars())

    def count(self, connection: Connection) -> int:
        """How many there are."""
        query = select(func.count()).select_from(self.table)
        found = connection.execute(query.where(self.table.c.expiration <= self.by))
        return int(found.scalar_one())

    def remove(self, connection: Connection, keys: Sequence[str]) -> int:
        """Delete those of these rows that are still over: the service may have renewed one."""
        wanted = delete(self.table).where(
            self.table.c.key.in_(keys), self.table.c.expiration <= self.by
        )
        return connection.execute(wanted).rowcount


def expired_by(now: datetime, *, lock_grace: timedelta) -> tuple[Expired, ...]:
    """What is over in both tables; a lock stays for the grace, the service's clock may be late."""
    return (
        Expired(cache, int(now.timestamp())),
        Expired(cache_locks, int((now - lock_grace).timestamp())),
    )


@dataclass(frozen=True, slots=True)
class OldTokens:
    """Commit tokens below one (see `commit_tokens`), to be removed page by page."""

    below: str
    name: str = commits.name

    def page(self, connection: Connection, *, after: str | None, limit: int) -> list[str]:
        """The next tokens, in their order."""
        query = select(commits.c.token).where(self._is_old).order_by(commits.c.token).limit(limit)
        query = query if after is None else query.where(commits.c.token > after)
        return list(connection.execute(query).scalars())

    def count(self, connection: Connection) -> int:
        """How many there are."""
        query = select(func.count()).select_from(commits).where(self._is_old)
        return int(connection.execute(query).scalar_one())

    def remove(self, connection: Connection, keys: Sequence[str]) -> int:
        """Delete these."""
        return connection.execute(delete(commits).where(commits.c.token.in_(keys))).rowcount

    @property
    def _is_old(self) -> ColumnElement[bool]:
        return commits.c.token < self.below
