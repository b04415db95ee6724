"""The ticket's state machine as data (rules 2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from savctl.domain.model.column_enum import ColumnEnum


class Status(ColumnEnum):
    """The five states of a ticket, in the order of the column's ENUM."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    WAITING_CUSTOMER = "waiting_customer"
    RESOLVED = "resolved"
    CLOSED = "closed"


_NAMED: Mapping[object, Status] = {str(status): status for status in Status}


def status_of(stored: object) -> Status | None:
    """The state that a stored value names, None for a value that is none."""
    return _NAMED.get(stored) if isinstance(stored, str) else None


@dataclass(frozen=True, slots=True)
class Transition:
    """One arrow of the diagram: `trigger` is how it happens, `automated` who may take it."""

    origin: Status
    to: Status
    trigger: str
    command: str
    automated: bool


_O, _P, _W, _R, _C = Status

TRANSITIONS: tuple[Transition, ...] = (
    Transition(_O, _P, "assigned to an agent", "assign", True),
    Transition(_O, _C, "marked invalid or duplicate", "close", False),
    Transition(_P, _W, "agent requests information", "wait", False),
    Transition(_P, _R, "agent provides the solution", "resolve", False),
    Transition(_P, _O, "unassigned", "unassign", False),
    Transition(_W, _P, "customer responds", "resume", True),
    Transition(_W, _C, "7 days without a response", "close", True),
    Transition(_R, _C, "customer confirms, or 24 h pass", "close", True),
    Transition(_R, _P, "customer reopens", "reopen", False),
)

_ALLOWED = {(t.origin, t.to): t for t in TRANSITIONS}

# The legal steps in between that `--bridge` takes (contract: command line, 1.13). From `open`
# every way leads through an assignment, so a bridge from there needs an agent.
_BRIDGES: dict[tuple[Status, Status], tuple[Status, ...]] = {
    (_O, _W): (_P, _W),
    (_O, _R): (_P, _R),
    (_P, _C): (_R, _C),
    (_W, _R): (_P, _R),
    (_W, _O): (_P, _O),
    (_R, _W): (_P, _W),
    (_R, _O): (_P, _O),
}


def is_allowed(origin: Status, to: Status) -> bool:
    """Whether the diagram has this arrow."""
    return (origin, to) in _ALLOWED


def allowed_from(origin: Status) -> tuple[Transition, ...]:
    """The arrows that leave this state; none leave `closed`."""
    return tuple(t for t in TRANSITIONS if t.origin is origin)


def bridge(origin: Status, to: Status) -> tuple[Status, ...]:
    """The states to enter, in order, to get from one to the other; empty when there is no way."""
    if is_allowed(origin, to):
        return (to,)
    return _BRIDGES.get((origin, to), ())
