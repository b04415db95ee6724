"""This host's clock beside the database's, which all hosts share (rules 20.9)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from savctl.domain.clock_skew import SKEW_LIMIT, require_small, skew_between
from savctl.persistence.schema import server_info


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockGuard:
    """Lets nothing be decided on a host whose own clock is far from the database's.

    `host_clock` is the machine's clock, whatever other clock a command was given. An embedded
    database has the host's clock: there is nothing to compare.
    """

    host_clock: Callable[[], datetime]
    database: str
    limit: timedelta = SKEW_LIMIT

    def skew(self, connection: Connection) -> timedelta:
        """By how much this host is ahead of the database, without the round trip."""
        before = self.host_clock()
        database_now = server_info.now(connection)
        return skew_between(before, database_now, self.host_clock())

    def require(self, connection: Connection) -> datetime:
        """The database's clock, once it is known that the two agree; one round trip.

        Raises:
            ClockOff: they differ by more than the limit.
        """
        before = self.host_clock()
        database_now = server_info.now(connection)
        if connection.dialect.name != "sqlite":
            skew = skew_between(before, database_now, self.host_clock())
            require_small(skew, limit=self.limit, database=self.database)
        return database_now
