"""What must still hold of a ticket when a plan is carried out (rules 15.1, settled 16).

`updated_at` has whole seconds, so a guard has a digest of the whole row as well.
"""

from __future__ import annotations

from collections.abc import Mapping

from savctl.domain.bulk.planned_ticket import PlannedTicket

CHANGED_SINCE = "changed since the plan"


def guard_of(ticket: PlannedTicket) -> dict[str, object]:
    """The guard of a ticket as it is now, as a plan holds it."""
    return {
        "status": ticket.status,
        "assigned_to": ticket.assigned_to,
        "priority": ticket.priority,
        "updated_at": ticket.updated_at,
        "row": ticket.row,
    }


def still_holds(guard: Mapping[str, object] | None, row: str | None) -> bool:
    """Whether the row has the digest of the guard, which covers the rest of it."""
    return guard is not None and row is not None and guard.get("row") == row
