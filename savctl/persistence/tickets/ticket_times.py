"""The latest times that stand on tickets beside their own rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from savctl.domain.clock import COLUMNS_END
from savctl.persistence.schema.tables import ticket_attachments, ticket_messages
from savctl.persistence.sql import fetched, id_list
from savctl.persistence.types import instant_of

_TABLES = (ticket_messages.name, ticket_attachments.name)


def latest_of_tickets(connection: Connection, ids: Sequence[int]) -> datetime | None:
    """When the newest message or file of these tickets came; None when there is none."""
    if not ids:
        return None
    rows = _of_both(connection, "SELECT MAX(created_at) FROM {} WHERE {}", ids)
    found = [instant_of(row[0], connection.dialect) for row in rows]
    return max((at for at in found if at is not None and at < COLUMNS_END), default=None)


def latest_by_ticket(connection: Connection, ids: Sequence[int]) -> dict[int, datetime]:
    """The same of each ticket that has a message or a file, for a batch of them."""
    found: dict[int, datetime] = {}
    if not ids:
        return found
    each = "SELECT ticket_id, MAX(created_at) FROM {} WHERE {} GROUP BY ticket_id"
    for ticket_id, stored in _of_both(connection, each, ids):
        at = instant_of(stored, connection.dialect)
        if at is not None and at < COLUMNS_END:
            found[ticket_id] = max(at, found.get(ticket_id, at))
    return found


def _of_both(connection: Connection, query: str, ids: Sequence[int]) -> Sequence[Any]:
    """The rows of a query over the messages and over the files of these tickets.

    In text: to fill ids into a compiled query takes as long as the server needs for the answer.
    """
    these = f"ticket_id IN ({id_list(ids)})"
    return fetched(connection, " UNION ALL ".join(query.format(t, these) for t in _TABLES))
