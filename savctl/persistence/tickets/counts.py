"""Counts over everything there is, and why tickets were closed: for a screenful."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sqlalchemy import Connection, func, select

from savctl.domain.model.history import HistoryEntry
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.persistence.events.outbox_queue import WAITING
from savctl.persistence.paging import pages
from savctl.persistence.schema.tables import audit, outbox, support_tickets, ticket_messages
from savctl.persistence.tickets.tickets import to_ticket

_T = support_tickets.c
_PAGE = 1_000


def queue(connection: Connection) -> dict[tuple[str, str], int]:
    """How many tickets there are by (status, priority)."""
    query = select(_T.status, _T.priority, func.count()).group_by(_T.status, _T.priority)
    return {(s, p): int(count) for s, p, count in connection.execute(query)}


def waiting_events(connection: Connection) -> Counter[str]:
    """How many events wait in the outbox, by their name."""
    query = select(outbox.c.event, func.count()).where(WAITING)
    rows = connection.execute(query.group_by(outbox.c.event))
    return Counter({event: int(count) for event, count in rows})


def sizes(connection: Connection) -> dict[str, int]:
    """How many tickets, customers, messages and audit entries there are."""
    counted = {
        "tickets": select(func.count(_T.id)),
        "customers": select(func.count(_T.user_id.distinct())),
        "messages": select(func.count(ticket_messages.c.id)),
        "changes": select(func.count(audit.c.id)).where(audit.c.ticket_id.is_not(None)),
    }
    return {name: int(connection.execute(query).scalar_one()) for name, query in counted.items()}


def closings(connection: Connection) -> Iterator[tuple[Ticket, HistoryEntry | None]]:
    """Every closed ticket with the history entry that closed it, None where there is none."""
    query = select(support_tickets).where(_T.status == Status.CLOSED).order_by(_T.id)

    def read(after: int, count: int) -> list[Ticket]:
        rows = connection.execute(query.where(_T.id > after).limit(count))
        return [to_ticket(row) for row in rows]

    for page in pages(read, lambda ticket: ticket.id, after=0, size=_PAGE):
        yield from ((ticket, _closing(ticket)) for ticket in page)


def _closing(ticket: Ticket) -> HistoryEntry | None:
    entries = (entry for entry in reversed(ticket.metadata.history) if entry.after == "closed")
    return next(entries, None)
