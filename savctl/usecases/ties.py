"""What ties a ticket to rows that are not its own: such a ticket is not deleted by the way."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from savctl.persistence.foreign_rows import Reference, hung_across, referred_to


def ties(
    connection: Connection, found: Sequence[Reference], ticket_ids: Sequence[int]
) -> dict[int, str]:
    """Why these tickets cannot go without rows of others, by ticket; free ones are left out.

    Foreign keys delete an attachment with its message, whosever ticket it is on.
    """
    told = {
        ticket_id: f"attachment {attachment} and its message are on two tickets, this one and "
        f"ticket {other}: put either right"
        for ticket_id, (attachment, other) in hung_across(connection, ticket_ids).items()
    }
    told |= {
        ticket_id: f"rows of another program's table {table} refer to it"
        for ticket_id, table in referred_to(connection, found, ticket_ids).items()
    }
    return told
