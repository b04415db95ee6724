"""The commands of a token's user are counted before they do anything (rules 12.5)."""

from __future__ import annotations

from savctl.persistence import rate_limits
from savctl.persistence.engine import Database

NO_LIMIT = 0


def count_command(database: Database, *, user_id: int, limit: int) -> None:
    """Count one command in a transaction of its own: it counts whether it succeeds or not.

    `limit` is the number of commands a minute; 0 counts nothing.

    Raises:
        RateLimited: the limit is reached; the refused command is not counted.
    """
    if limit != NO_LIMIT:
        database.transaction(lambda c: rate_limits.count_one(c, user_id, limit=limit))
