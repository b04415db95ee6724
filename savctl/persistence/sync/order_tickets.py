"""Which tickets are about an order."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from savctl.domain.model.states import Status
from savctl.persistence.schema.tables import support_tickets

_T = support_tickets.c


def open_tickets_of(connection: Connection, orders: Sequence[int]) -> list[int]:
    """The ids of the tickets of these orders that are not closed, not locked."""
    if not orders:
        return []
    query = select(_T.id).where(_T.order_id.in_(orders), _T.status != str(Status.CLOSED))
    return list(connection.execute(query).scalars())
