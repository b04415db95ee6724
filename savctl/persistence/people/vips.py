"""Which customers are VIPs: whoever sets it, and since when (rules 4.1)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from savctl.persistence.schema.tables import vips

_V = vips.c


class Vips:
    """The VIPs of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def has(self, user_id: int) -> bool:
        """Whether this customer is one."""
        return self.since(user_id) is not None

    def since(self, user_id: int) -> datetime | None:
        """Since when; None when they are not."""
        query = select(_V.since).where(_V.user_id == user_id)
        return self._connection.execute(query).scalar()

    def among(self, user_ids: Sequence[int]) -> set[int]:
        """Which of these are VIPs."""
        query = select(_V.user_id).where(_V.user_id.in_(user_ids))
        return set(self._connection.execute(query).scalars())

    def add(self, user_id: int, *, at: datetime, by: int | None) -> None:
        """Make a customer one who was none."""
        self._connection.execute(insert(vips).values(user_id=user_id, since=at, actor=by))

    def remove(self, user_id: int) -> None:
        """They are none any more."""
        self._connection.execute(delete(vips).where(_V.user_id == user_id))
