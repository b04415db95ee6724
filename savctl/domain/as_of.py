"""A ticket as it stood at an earlier moment, by its history and its stamps.

For questions such as "was it late on Monday?" (contract: command line, 1.8, `--at`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from savctl.domain.clock import instant, second_text, to_the_second
from savctl.domain.history import CHAIN, Action, HistoryEntry
from savctl.domain.policy import Policies
from savctl.domain.priority import Priority
from savctl.domain.sla import promise_at
from savctl.domain.states import Status
from savctl.domain.ticket import Ticket

_HELD_BY = frozenset({Action.ASSIGNED, Action.UNASSIGNED})
_PRIORITY = frozenset({Action.PRIORITY})


def as_of(ticket: Ticket, moment: datetime, policies: Policies | None = None) -> Ticket:
    """The ticket with everything undone that happened after `moment`."""
    at = to_the_second(moment)
    later = [entry for entry in ticket.metadata.history if to_the_second(entry.at) > at]
    fields: dict[str, Any] = {
        "status": _status_at(ticket, later, at),
        "resolved_at": _unless_later(ticket.resolved_at, at),
        "closed_at": _unless_later(ticket.closed_at, at),
        "metadata": ticket.metadata.with_members(**_members(ticket, at, policies)),
    }
    priority, holder = _first(later, _PRIORITY), _first(later, _HELD_BY)
    if priority is not None and priority.before in tuple(Priority):
        fields["priority"] = Priority(str(priority.before))
    if holder is not None and isinstance(holder.before, int | None):
        fields["assigned_to"] = holder.before
    return ticket.changed(**fields)


def _status_at(ticket: Ticket, later: list[HistoryEntry], at: datetime) -> Status:
    """What the first later step left; without a history, what the stamps tell."""
    step = _first(later, CHAIN)
    if step is not None:
        return Status(str(step.before)) if step.before in tuple(Status) else Status.OPEN
    if any(entry.action in CHAIN for entry in ticket.metadata.history):
        return ticket.status
    resolved_at = ticket.resolved_at or ticket.updated_at
    entered = {
        Status.WAITING_CUSTOMER: ticket.updated_at,
        Status.RESOLVED: resolved_at,
        Status.CLOSED: ticket.closed_at or resolved_at,
    }.get(ticket.status)
    if entered is None or entered <= at:
        return ticket.status
    was_solved = ticket.resolved_at is not None and ticket.resolved_at <= at
    return Status.RESOLVED if was_solved else Status.OPEN


def _members(ticket: Ticket, at: datetime, policies: Policies | None) -> dict[str, object]:
    """The metadata that the clock reads: history, promise, breaches, merge."""
    members: dict[str, object] = {
        "history": [i for i in ticket.metadata.history_items if not _is_later(i, "at", at)]
    }
    sla = dict(ticket.metadata.object_at("sla"))
    if isinstance(sla.get("promise"), dict):
        given = promise_at(ticket, at, policies)
        sla["promise"] = {
            "priority": str(given.priority),
            "policy": given.policy.version,
            "since": None if given.since is None else second_text(given.since),
        }
    if isinstance(stored := sla.get("breaches"), list):
        sla["breaches"] = [i for i in stored if not _is_later(i, "found_at", at)]
    if sla:
        members["sla"] = sla
    if _is_later(ticket.metadata.get("merged_into"), "at", at):
        members["merged_into"] = {}
    return members


def _is_later(item: object, key: str, at: datetime) -> bool:
    moment = instant(item.get(key)) if isinstance(item, Mapping) else None
    return moment is not None and to_the_second(moment) > at


def _unless_later(stamp: datetime | None, at: datetime) -> datetime | None:
    return None if stamp is not None and stamp > at else stamp


def _first(entries: Iterable[HistoryEntry], actions: Iterable[str]) -> HistoryEntry | None:
    return next((entry for entry in entries if entry.action in actions), None)
