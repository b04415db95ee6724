"""What a plan looks at of a ticket: a few columns, and the digest of its whole row."""

from __future__ import annotations

from typing import NamedTuple

from savctl.domain.model.metadata import EMPTY, Metadata
from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket


class PlannedTicket(NamedTuple):
    """The columns that decide what becomes of a ticket, as they are stored.

    `row` is the digest of the whole row, None where the server could not compute it. `metadata`
    was read only where a rule looks at it. A named tuple, because a plan makes a million of them.
    """

    id: int
    ticket_number: str
    user_id: int
    priority: str
    status: str
    assigned_to: int | None
    updated_at: str | None  # as in output: 2025-10-03T10:30:00Z
    row: str | None
    metadata: Metadata = EMPTY

    def as_ticket(self) -> Ticket:
        """The ticket as the rules take it: without its words and its times."""
        return Ticket(
            id=self.id,
            ticket_number=self.ticket_number,
            user_id=self.user_id,
            subject="",
            description="",
            priority=Priority.stored(self.priority),
            status=Status.stored(self.status),
            assigned_to=self.assigned_to,
            metadata=self.metadata,
            created_at=None,
            updated_at=None,
        )
