"""Customers with several tickets that are not closed, and what is compared of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from savctl.domain.model.states import Status
from savctl.domain.tickets.duplicates import COMPARED, ComparedTicket
from savctl.persistence.schema.tables import support_tickets
from savctl.persistence.visibility import seen_tickets

_T = support_tickets.c
_LIVING = tuple(status for status in Status if status is not Status.CLOSED)


def customers_with_several(
    connection: Connection, *, after_user: int, limit: int, user_id: int | None = None
) -> list[int]:
    """The next customers who have more than one ticket that is not closed."""
    query = select(_T.user_id).where(_T.status.in_(_LIVING), _T.user_id > after_user)
    if user_id is not None:
        query = query.where(_T.user_id == user_id)
    query = (
        query.where(*seen_tickets(connection))
        .group_by(_T.user_id)
        .having(func.count() > 1)
        .order_by(_T.user_id)
    )
    found = connection.execute(query.limit(limit)).scalars()
    return [one for one in found if isinstance(one, int)]  # SQLite holds anything in a column


def living_tickets(
    connection: Connection, user_ids: Sequence[int], *, most: int
) -> dict[int, list[ComparedTicket]]:
    """The tickets of these customers that are not closed, the newest `most` of each."""
    newest_first = func.row_number().over(partition_by=_T.user_id, order_by=_T.id.desc())
    chosen = (
        select(_T.id, newest_first.label("place"))
        .where(_T.user_id.in_(user_ids), _T.status.in_(_LIVING), *seen_tickets(connection))
        .subquery()
    )
    query = (
        select(
            _T.id,
            _T.ticket_number.label("number"),
            _T.user_id,
            _T.status,
            _T.subject,
            func.substr(_T.description, 1, COMPARED).label("description"),
            _T.category,
            _T.order_id,
            _T.created_at,
        )
        .join_from(support_tickets, chosen, chosen.c.id == _T.id)
        .where(chosen.c.place <= most)
        .order_by(_T.user_id, _T.id)
    )
    found: dict[int, list[ComparedTicket]] = defaultdict(list)
    for row in connection.execute(query).mappings():
        texts = {name: _legible(row[name]) for name in ("subject", "description")}
        found[row["user_id"]].append(ComparedTicket(**{**row, **texts}))
    return found


def _legible(stored: str | bytes) -> str:
    """SQLite holds bytes in a column of text as well."""
    return stored.decode(errors="replace") if isinstance(stored, bytes) else stored
