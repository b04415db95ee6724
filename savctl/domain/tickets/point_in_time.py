"""A ticket as it stood at an earlier moment, by its history and its stamps.

For questions such as "was it late on Monday?" (contract: command line, 1.8, `--at`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from savctl.domain.clock import instant, second_text, to_the_second
from savctl.domain.model.history import CHAIN, Action, HistoryEntry, entry_from
from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.domain.sla.policy import Policies
from savctl.domain.sla.targets import promise, promise_at

_HELD_BY = frozenset({Action.ASSIGNED, Action.UNASSIGNED})
_PRIORITY = frozenset({Action.PRIORITY})
_STEPS = tuple(sorted(CHAIN))  # what is looked for in it may be no text
_SECONDS, _ENTRY_LENGTH = len("2025-10-03T10:30:00"), len("2025-10-03T10:30:00.123456Z")
_BEHIND_SECONDS = (".", "Z")
_MONTHS = ("0", "1")  # begin with it; the weeks of another spelling do not


def as_of(ticket: Ticket, moment: datetime, policies: Policies | None = None) -> Ticket:
    """The ticket with everything undone that happened after `moment`."""
    at = to_the_second(moment)
    if has_nothing_later(ticket, at):
        return ticket
    later = [entry for entry in ticket.metadata.history if to_the_second(entry.at) > at]
    fields: dict[str, Any] = {
        "status": _status_at(ticket, later, at),
        "resolved_at": _unless_later(ticket.resolved_at, at),
        "closed_at": _unless_later(ticket.closed_at, at),
    }
    if members := _members(ticket, at, policies):
        fields["metadata"] = ticket.metadata.with_members(**members)
    priority, holder = _first(later, _PRIORITY), _first(later, _HELD_BY)
    if priority is not None and priority.before in tuple(Priority):
        fields["priority"] = Priority(str(priority.before))
    if holder is not None and isinstance(holder.before, int | None):
        fields["assigned_to"] = holder.before
    changes = {name: value for name, value in fields.items() if value is not getattr(ticket, name)}
    return ticket.changed(**changes) if changes else ticket


def has_nothing_later(ticket: Ticket, at: datetime) -> bool:
    """Whether nothing that `as_of` looks at is later than this second, seen by the texts alone.

    So it is with nearly every ticket of a report, and to make instants of all texts takes half
    of its time. False where a text is not spelt as savctl spells it, whatever it means.
    """
    metadata, end = ticket.metadata, second_text(at)[:_SECONDS]
    has_step = False
    for item in metadata.history_items:
        if not isinstance(item, dict) or not _is_by(item.get("at"), end, _ENTRY_LENGTH):
            return False
        has_step = has_step or (item.get("action") in _STEPS and entry_from(item) is not None)
    sla = metadata.object_at("sla")
    if not has_step or sla.get("breaches") or "merged_into" in metadata:
        return False
    given = sla.get("promise")
    if isinstance(given, dict) and not _is_by(given.get("since"), end, _SECONDS + 1):
        return False
    for stamp in (ticket.created_at, ticket.resolved_at, ticket.closed_at):
        if stamp is not None and stamp > at:
            return False
    return True


def _is_by(text: object, end: str, length: int) -> bool:
    """Whether a text of this length is an instant in UTC, in savctl's spelling, up to `end`."""
    return (
        isinstance(text, str)
        and len(text) == length
        and text[_SECONDS] in _BEHIND_SECONDS
        and text[-1] == "Z"
        and text[10] == "T"
        and text[5] in _MONTHS
        and text[:_SECONDS] <= end
    )


def _status_at(ticket: Ticket, later: list[HistoryEntry], at: datetime) -> Status:
    """What the first later step left; without a history, what the stamps show."""
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
    """What was different of the metadata that the clock reads: history, promise, breaches, merge.

    Nothing of most tickets, which a report about the past has hundreds of thousands of.
    """
    members: dict[str, object] = {}
    items = ticket.metadata.history_items
    if len(kept := [i for i in items if not _is_later(i, "at", at)]) < len(items):
        members["history"] = kept
    if sla := _sla_members(ticket, at, policies):
        members["sla"] = {**ticket.metadata.object_at("sla"), **sla}
    if _is_later(ticket.metadata.get("merged_into"), "at", at):
        members["merged_into"] = {}
    return members


def _sla_members(ticket: Ticket, at: datetime, policies: Policies | None) -> dict[str, object]:
    sla: dict[str, object] = {}
    known = ticket.metadata.object_at("sla")
    if isinstance(known.get("promise"), dict):
        now = promise(ticket, policies)
        given = promise_at(ticket, at, policies, given=now)
        if given != now:
            sla["promise"] = {
                "priority": str(given.priority),
                "policy": given.policy.version,
                "since": None if given.since is None else second_text(given.since),
            }
    if isinstance(stored := known.get("breaches"), list):
        found = [i for i in stored if not _is_later(i, "found_at", at)]
        if len(found) < len(stored):
            sla["breaches"] = found
    return sla


def _is_later(item: object, key: str, at: datetime) -> bool:
    moment = instant(item.get(key)) if isinstance(item, Mapping) else None
    return moment is not None and to_the_second(moment) > at


def _unless_later(stamp: datetime | None, at: datetime) -> datetime | None:
    return None if stamp is not None and stamp > at else stamp


def _first(entries: Iterable[HistoryEntry], actions: Iterable[str]) -> HistoryEntry | None:
    return next((entry for entry in entries if entry.action in actions), None)
