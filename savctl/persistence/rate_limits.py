"""The commands that each token user started within the last minute, one row a user (rules 12.5).

The row is locked while one command is counted, so of many that start at once exactly the allowed
number is counted. All hosts measure on the database's clock.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from savctl.domain.access.rate import with_one_more
from savctl.persistence.schema import server_info
from savctl.persistence.schema.tables import rate_limits

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_R = rate_limits.c


def count_one(connection: Connection, user_id: int, *, limit: int) -> None:
    """Count one command of this user.

    Of two first commands at once the second fails on the key; the transaction is run again then.

    Raises:
        RateLimited: the user has started `limit` within the last minute; nothing is written.
    """
    used = _locked(connection, user_id)
    now = server_info.now(connection)
    counted = with_one_more(used or (), now=_microseconds(now), limit=limit)
    values = {"used": json.dumps(counted, separators=(",", ":")), "last_at": now}
    if used is None:
        connection.execute(insert(rate_limits).values(user_id=user_id, **values))
    else:
        connection.execute(update(rate_limits).where(_R.user_id == user_id).values(**values))


def _locked(connection: Connection, user_id: int) -> list[int] | None:
    """What the user's row holds; None without a row."""
    query = select(_R.used).where(_R.user_id == user_id).with_for_update()
    found = connection.execute(query).scalar_one_or_none()
    return None if found is None else json.loads(found)


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)
