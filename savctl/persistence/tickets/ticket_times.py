"""The latest times that stand on tickets beside their own rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BindParameter, Connection, bindparam, func, select, union_all

from savctl.domain.clock import COLUMNS_END
from savctl.persistence.schema.tables import ticket_attachments, ticket_messages

_IDS: BindParameter[int] = bindparam("ids", expanding=True)
_LATEST = union_all(
    *(
        select(func.max(table.c.created_at)).where(table.c.ticket_id.in_(_IDS))
        for table in (ticket_messages, ticket_attachments)
    )
)
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
    found = connection.execute(_LATEST, {"ids": list(ids)}).scalars()
    return max((at for at in found if at is not None and at < COLUMNS_END), default=None)


def latest_by_ticket(connection: Connection, ids: Sequence[int]) -> dict[int, datetime]:
    """The same of each ticket that has a message or a file, for a batch of them."""
    found: dict[int, datetime] = {}
    for ticket_id, at in connection.execute(_LATEST_EACH, {"ids": list(ids)}):
        if at is not None and at < COLUMNS_END:
            found[ticket_id] = max(at, found.get(ticket_id, at))
    return found
