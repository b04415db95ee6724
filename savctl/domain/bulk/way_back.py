"""The way back from what an operation did to one ticket, by legal moves only (rules 15.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from savctl.domain.bulk.steps import BulkStep, BulkVerb
from savctl.domain.model.history import Action, HistoryEntry
from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.domain.tickets.tags import tags_of
from savctl.errors import Refused

CHANGED_SINCE_OPERATION = "changed since the operation"
_AGENTS = frozenset({Action.ASSIGNED, Action.UNASSIGNED})
_BY_ASSIGNMENT = frozenset({Status.OPEN, Status.IN_PROGRESS})
# How a status is left again, by where the way back leads; from two of them it depends.
_BACK_TO = {
    (Status.WAITING_CUSTOMER, Status.IN_PROGRESS): BulkVerb.RESUME,
    (Status.RESOLVED, Status.IN_PROGRESS): BulkVerb.REOPEN,
    (Status.IN_PROGRESS, Status.WAITING_CUSTOMER): BulkVerb.WAIT,
    (Status.IN_PROGRESS, Status.RESOLVED): BulkVerb.RESOLVE,
}


class NoWayBack(Refused):
    """What was done to the ticket cannot be undone by a legal move."""

    code = "no_way_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationChange:
    """What an operation did to one ticket: its entries in order, and the tags it changed."""

    ticket_id: int
    entries: Sequence[HistoryEntry]
    added: Sequence[str] = field(default=())
    removed: Sequence[str] = field(default=())


def is_as_left(ticket: Ticket, change: OperationChange) -> bool:
    """Whether everything that the operation changed is as it left it, and was so all the time."""
    kinds: set[str] = set()
    for entry in change.entries:
        match entry.action:
            case Action.STATUS:
                kinds.add(Action.STATUS)
            case Action.PRIORITY:
                kinds.add(Action.PRIORITY)
            case Action.ASSIGNED | Action.UNASSIGNED:
                kinds |= _AGENTS
    last_at = change.entries[-1].at
    if any(entry.at > last_at for entry in ticket.metadata.history_of(frozenset(kinds))):
        return False
    return _holds(ticket, change) and _has_tags(ticket, change)


def steps_back(change: OperationChange, *, reason: str) -> tuple[BulkStep, ...]:
    """The steps that undo it, the last change first.

    Raises:
        NoWayBack: it closed the ticket, which is final, or took an arrow without a way back.
    """
    if any(e.action == Action.STATUS and e.after == Status.CLOSED for e in change.entries):
        raise NoWayBack("closed is final: it cannot be undone")
    opened = any(
        e.action == Action.STATUS and (e.before, e.after) == (Status.OPEN, Status.IN_PROGRESS)
        for e in change.entries
    )
    steps: list[BulkStep] = []
    for entry in reversed(change.entries):
        step = _step_back(entry, change, opened=opened, reason=reason)
        if step is not None:
            steps.append(step)
    if not steps:
        raise NoWayBack("nothing is known that undoes it")
    return tuple(steps)


def _step_back(
    entry: HistoryEntry, change: OperationChange, *, opened: bool, reason: str
) -> BulkStep | None:
    match entry.action:
        case Action.ASSIGNED | Action.UNASSIGNED:
            if isinstance(entry.before, int) and not opened:
                return BulkStep(verb=BulkVerb.ASSIGN, to=entry.before, reason=reason)
            return BulkStep(verb=BulkVerb.UNASSIGN, reason=reason)
        case Action.PRIORITY:
            if entry.before not in set(Priority):
                raise NoWayBack(f"the priority before, {entry.before!r}, is none")
            before = Priority(str(entry.before))
            return BulkStep(verb=BulkVerb.PRIORITY, priority=before, reason=reason)
        case Action.STATUS:
            return _move_back(entry, reason)
        case Action.EDITED if change.added or change.removed:
            return BulkStep(
                verb=BulkVerb.TAG, add=tuple(change.removed), remove=tuple(change.added)
            )
        case _:
            return None


def _move_back(entry: HistoryEntry, reason: str) -> BulkStep | None:
    """None where the assignment that caused the move is undone as well."""
    if {entry.before, entry.after} == _BY_ASSIGNMENT:
        return None
    for (origin, target), verb in _BACK_TO.items():
        if (entry.after, entry.before) == (origin, target):
            return BulkStep(verb=verb, reason=reason)
    raise NoWayBack(f"there is no legal move from {entry.after} back to {entry.before}")


def _holds(ticket: Ticket, change: OperationChange) -> bool:
    left: dict[str, object] = {}
    for entry in change.entries:
        if entry.action == Action.STATUS:
            left["status"] = entry.after
        elif entry.action == Action.PRIORITY:
            left["priority"] = entry.after
        elif entry.action in _AGENTS:
            left["assigned_to"] = entry.after
    return all(getattr(ticket, name) == value for name, value in left.items())


def _has_tags(ticket: Ticket, change: OperationChange) -> bool:
    tags = tags_of(ticket.metadata)
    has_added = all(tag in tags for tag in change.added)
    return has_added and not any(tag in tags for tag in change.removed)
