"""What ties a ticket to rows that are not its own: such a ticket is not deleted by the way."""

from __future__ import annotations

from collections.abc import Sequence

from savctl.persistence.archive.inbound_references import (
    Reference,
    cross_ticket_attachments,
    referenced_tickets,
    references,
)
from savctl.persistence.unit_of_work import UnitOfWork


def deletion_blockers(
    uow: UnitOfWork, ticket_ids: Sequence[int], *, foreign: Sequence[Reference] | None = None
) -> dict[int, str]:
    """Why these tickets cannot go without rows of others, by ticket; free ones are left out.

    Foreign keys delete an attachment with its message, whosever ticket it is on. `foreign` saves
    a look at other programs' keys where they are known.
    """
    connection = uow.connection
    found = references(connection) if foreign is None else foreign
    reasons = {
        ticket_id: f"attachment {attachment} and its message are on two tickets, this one and "
        f"ticket {other}: put either right"
        for ticket_id, (attachment, other) in cross_ticket_attachments(
            connection, ticket_ids
        ).items()
    }
    reasons |= {
        ticket_id: f"rows of another program's table {table} refer to it"
        for ticket_id, table in referenced_tickets(connection, found, ticket_ids).items()
    }
    return reasons
