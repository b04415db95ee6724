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


def latest_of_tickets(connection: Connection, ids: Sequence[int]) -> datetime | None:
    """When the newest message or file of these tickets came; None when there is none."""
    found = connection.execute(_LATEST, {"ids": list(ids)}).scalars()
    return max((at for at in found if at is not None and at < COLUMNS_END), default=None)
