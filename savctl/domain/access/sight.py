"""What a requester sees of a ticket: the row and the history as they are shown (rules 12.3)."""

from __future__ import annotations

from dataclasses import replace

from savctl.domain.access.file_access import Requester, Role
from savctl.domain.model.history import Action, HistoryEntry
from savctl.domain.model.metadata import EMPTY
from savctl.domain.model.ticket import Ticket

_SHOWN_ACTIONS = frozenset((Action.CREATED, Action.STATUS))


def as_seen(ticket: Ticket, requester: Requester) -> Ticket:
    """The ticket with as much of its metadata as the requester may see.

    It is for showing only: stored, it would lose the rest.
    """
    if requester.role is not Role.CUSTOMER:
        return ticket
    tags = ticket.metadata.get("tags")
    return replace(ticket, metadata=EMPTY if tags is None else EMPTY.with_members(tags=tags))


def history_seen(ticket: Ticket, requester: Requester) -> tuple[HistoryEntry, ...]:
    """The history as the requester may see it: a customer's without what others did among them."""
    if requester.role is not Role.CUSTOMER:
        return tuple(ticket.metadata.history)
    shown = []
    for entry in ticket.metadata.history:
        is_own = entry.actor == requester.user_id
        if is_own or entry.action in _SHOWN_ACTIONS:
            shown.append(entry if is_own else entry._replace(reason=None))
    return tuple(shown)
