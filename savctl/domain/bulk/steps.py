"""What a bulk command does to each ticket: the steps of single commands, as data (rules 15.1).

A step goes into the plan's file as JSON and is decided by the very rules of the single command.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from savctl.domain import text
from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.domain.sla.policy import Policies
from savctl.domain.tickets import lifecycle
from savctl.domain.tickets.decision import Decision, require_not_closed
from savctl.domain.tickets.tags import retagged, tags_after
from savctl.errors import InvalidInput, Refused


class BulkVerb(StrEnum):
    """What may be done to many tickets; the last two are ways back alone."""

    ASSIGN = "assign"
    UNASSIGN = "unassign"
    WAIT = "wait"
    RESOLVE = "resolve"
    CLOSE = "close"
    PRIORITY = "priority"
    TAG = "tag"
    RESUME = "resume"
    REOPEN = "reopen"


_LEADS_TO = {
    BulkVerb.WAIT: Status.WAITING_CUSTOMER,
    BulkVerb.RESOLVE: Status.RESOLVED,
    BulkVerb.CLOSE: Status.CLOSED,
    BulkVerb.RESUME: Status.IN_PROGRESS,
    BulkVerb.REOPEN: Status.IN_PROGRESS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkStep:
    """One step; `to` is an agent, `bridge` takes the legal steps in between.

    `duplicate_of` is the id of the ticket that closed ones repeat; the reason names it.
    """

    verb: BulkVerb
    to: int | None = None
    priority: Priority | None = None
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    reason: str | None = None
    bridge: bool = False
    duplicate_of: int | None = None

    def as_json(self) -> dict[str, object]:
        """What is given of it, with its verb first."""
        found: dict[str, object] = {"verb": str(self.verb)}
        for name in ("to", "priority", "add", "remove", "reason", "bridge", "duplicate_of"):
            value = getattr(self, name)
            if value not in {None, (), False}:
                found[name] = str(value) if isinstance(value, str) else value
                if isinstance(value, tuple):
                    found[name] = list(value)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkTerms:
    """Under which terms steps are decided: by whom, when, and by which policies."""

    by: int | None
    now: datetime
    policies: Policies | None = None


def step_from(value: object) -> BulkStep:
    """The step that stands in a plan.

    Raises:
        InvalidInput: it is none.
    """
    if not isinstance(value, Mapping):
        raise InvalidInput("a step of the plan is not a JSON object")
    try:
        given: dict[str, Any] = {
            "verb": BulkVerb(value["verb"]),
            "priority": Priority(value["priority"]) if "priority" in value else None,
            "add": _tags(value.get("add", ())),
            "remove": _tags(value.get("remove", ())),
            "reason": text.reason(value.get("reason")),
            "bridge": value.get("bridge") is True,
        }
        original = value.get("duplicate_of")
        given["duplicate_of"] = original and text.identifier("ticket", original)
        agent = value.get("to")
        given["to"] = None if agent is None else text.identifier("agent", agent)
        return BulkStep(**given)
    except (KeyError, TypeError, ValueError):
        raise InvalidInput("the plan holds an invalid step") from None


def decide_steps(ticket: Ticket, steps: Sequence[BulkStep], terms: BulkTerms) -> Decision:
    """All of these steps as one change.

    Raises:
        Refused: a rule does not allow one of them.
    """
    if len(steps) == 1:  # nearly always; to join it to nothing takes a tenth of it
        return _decide(ticket, steps[0], terms)
    done = Decision(ticket=ticket, at=terms.now)
    for step in steps:
        done = done.then(_decide(done.ticket, step, terms))
    return done


def _decide(ticket: Ticket, step: BulkStep, terms: BulkTerms) -> Decision:
    by, now, policies = terms.by, terms.now, terms.policies
    match step.verb:
        case BulkVerb.ASSIGN:
            if step.to is None:
                require_not_closed(ticket, "assign")
                raise Refused("no agent is known to choose from")
            return lifecycle.assign(ticket, step.to, by=by, now=now, reason=step.reason)
        case BulkVerb.UNASSIGN:
            return lifecycle.unassign(ticket, by=by, now=now, reason=step.reason)
        case BulkVerb.PRIORITY:
            if step.priority is None:
                raise InvalidInput("a change of the priority needs one")
            return lifecycle.change_priority(
                ticket, step.priority, by=by, now=now, reason=step.reason, policies=policies
            )
        case BulkVerb.TAG:
            return _tag(ticket, step, by, now)
        case _:
            return _move(ticket, step, terms)


def _move(ticket: Ticket, step: BulkStep, terms: BulkTerms) -> Decision:
    to = _LEADS_TO[step.verb]
    by, now, policies = terms.by, terms.now, terms.policies
    if step.duplicate_of is not None and step.bridge:
        return lifecycle.close_duplicate(ticket, by=by, now=now, reason=step.reason or "")
    if not step.bridge:
        return lifecycle.move(ticket, to, by=by, now=now, reason=step.reason, policies=policies)
    return lifecycle.bridge(
        ticket, to, by=by, now=now, reason=step.reason, agent_id=by, policies=policies
    )


def _tag(ticket: Ticket, step: BulkStep, by: int | None, now: datetime) -> Decision:
    tags = tags_after(ticket.metadata, add=step.add, remove=step.remove)
    fields = {} if tags is None else {"metadata": retagged(ticket.metadata, tags)}
    return lifecycle.edit(ticket, fields, by=by, now=now)


def _tags(value: Any) -> tuple[str, ...]:
    return tuple(text.line("tag", tag) for tag in value)
