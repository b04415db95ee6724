"""What must still hold of a ticket when a plan is carried out (rules 15.1, settled 16).

`updated_at` has whole seconds, so a guard has a digest of the whole row as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

from savctl.domain.clock import second_text
from savctl.domain.model.ticket import Ticket

CHANGED_SINCE = "changed since the plan"
_BETWEEN, _NOTHING = "\x1f", "\x00"


def guard_of(ticket: Ticket) -> dict[str, object]:
    """The guard of a ticket as it is now, as a plan holds it."""
    updated = ticket.updated_at
    return {
        "status": str(ticket.status),
        "assigned_to": ticket.assigned_to,
        "priority": str(ticket.priority),
        "updated_at": None if updated is None else second_text(updated),
        "row": row_digest(ticket),
    }


def still_holds(guard: Mapping[str, object] | None, ticket: Ticket) -> bool:
    """Whether the ticket is as it was; the digest of the row covers the rest of the guard."""
    return guard is not None and guard.get("row") == row_digest(ticket)


def row_digest(ticket: Ticket) -> str:
    """A digest of every column; it differs between databases that spell JSON in another way."""
    values = (
        *(ticket.id, ticket.ticket_number, ticket.user_id, ticket.subject, ticket.description),
        *(ticket.priority, ticket.status, ticket.category, ticket.assigned_to, ticket.order_id),
        *(ticket.metadata.stored_text, ticket.resolved_at, ticket.closed_at),
        *(ticket.created_at, ticket.updated_at),
    )
    joined = _BETWEEN.join([_NOTHING if value is None else str(value) for value in values])
    return blake2b(joined.encode(errors="surrogatepass"), digest_size=16).hexdigest()
