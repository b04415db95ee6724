"""What happened to a ticket: the entries of `metadata.history` (rules 1.3, 11.1)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from savctl.domain.clock import instant, micro_text


class Action(StrEnum):
    """The closed vocabulary of history and audit entries about one ticket."""

    CREATED = "created"
    ASSIGNED = "assigned"
    UNASSIGNED = "unassigned"
    STATUS = "status"
    PRIORITY = "priority"
    EDITED = "edited"
    MERGED_INTO = "merged_into"
    MERGED_FROM = "merged_from"
    SPLIT = "split"
    HOLD = "hold"
    RESTORED = "restored"
    IMPORTED = "imported"


# The actions whose `to` is a status: together they are the ticket's chain of states.
CHAIN: frozenset[str] = frozenset({Action.CREATED, Action.STATUS, Action.IMPORTED})


class HistoryEntry(NamedTuple):
    """One thing that happened: `actor` is a user id, or None for the system.

    A named tuple, because reports make millions of them: a frozen dataclass takes twice as long.
    """

    at: datetime
    actor: int | None
    action: str
    before: object = None
    after: object = None
    reason: str | None = None

    def as_json(self) -> dict[str, object]:
        """The stored form, keys in the documented order."""
        return {
            "at": micro_text(self.at),
            "actor": self.actor,
            "action": str(self.action),
            "from": self.before,
            "to": self.after,
            "reason": self.reason,
        }


def entry_from(item: object) -> HistoryEntry | None:
    """The entry a stored item stands for; None when another program wrote something else."""
    if not isinstance(item, dict):
        return None
    at, actor, action = instant(item.get("at")), item.get("actor"), item.get("action")
    if at is None or not isinstance(action, str):
        return None
    if actor is not None and not isinstance(actor, int):
        return None
    reason = item.get("reason")
    text = reason if isinstance(reason, str) else None
    return HistoryEntry(at, actor, action, item.get("from"), item.get("to"), text)
