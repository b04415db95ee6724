"""The latest times that stand on tickets beside their own rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BindParameter, Connection, bindparam, func, select, union_all

from savctl.domain.clock import COLUMNS_END
from savctl.persistence.schema.tables import ticket_attachments, ticket_messages
from savctl.persistence.sql import fetched, id_list
from savctl.persistence.types import instant_of

_TABLES = (ticket_messages.name, ticket_attachments.name)
_IDS: BindParameter[int] = bindparam("ids", expanding=True)
_LATEST_EACH = union_all(
    *(
        select(table.c.ticket_id, func.max(table.c.created_at).label("at"))
        .where(table.c.ticket_id.in_(_IDS))
        .group_by(table.c.ticket_id)
        for table in (ticket_messages, ticket_attachments)
    )
)


def latest_of_tickets(connection: Connection, ids: Sequence[int]) -> datetime | None:
    """When the newest message or file of these tickets came; None when there is none."""
    if not ids:
        return None
    # in text: to fill ids into a compiled query takes as long as the server needs for the answer
    these = f"WHERE ticket_id IN ({id_list(ids)})"
    queries = [f"SELECT MAX(created_at) FROM {table} {these}" for table in _TABLES]  # noqa: S608
    rows = fetched(connection, " UNION ALL ".join(queries))
    found = [instant_of(row[0], connection.dialect) for row in rows]
    return max((at for at in found if at is not None and at < COLUMNS_END), default=None)


def latest_by_ticket(connection: Connection, ids: Sequence[int]) -> dict[int, datetime]:
    """The same of each ticket that has a message or a file, for a batch of them."""
    found: dict[int, datetime] = {}
    for ticket_id, at in connection.execute(_LATEST_EACH, {"ids": list(ids)}):
        if at is not None and at < COLUMNS_END:
            found[ticket_id] = max(at, found.get(ticket_id, at))
    return found
