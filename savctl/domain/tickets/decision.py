"""A change that the rules allow, complete with its traces; and what every rule makes it of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from savctl.domain.clock import second_text, to_the_second
from savctl.domain.events.events import Event, TicketCreated, TicketResolved, TicketStatusChanged
from savctl.domain.model import states
from savctl.domain.model.history import Action, HistoryEntry
from savctl.domain.model.json_text import encode
from savctl.domain.model.metadata import Metadata
from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.domain.sla import targets as sla
from savctl.domain.sla.breach import Breach
from savctl.domain.sla.policy import Policies
from savctl.errors import Refused


class TransitionNotAllowed(Refused):
    """The state machine has no such arrow; the hint lists those it has."""

    code = "transition_not_allowed"


class AgentMissing(Refused):
    """Work needs an agent, and the ticket has none."""

    code = "agent_missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A change that the rules allow, complete with its traces.

    `is_enriched`: metadata was brought up to date, which is nothing that the history tells.
    """

    ticket: Ticket
    at: datetime
    entries: tuple[HistoryEntry, ...] = ()
    events: tuple[Event, ...] = ()
    breaches: tuple[Breach, ...] = ()
    is_enriched: bool = False

    @property
    def is_change(self) -> bool:
        """False when the ticket is as asked already."""
        return bool(self.entries or self.breaches or self.is_enriched)

    def then(self, later: Decision) -> Decision:
        """Both as one change; `later` was decided on this one's ticket."""
        return replace(
            later,
            entries=self.entries + later.entries,
            events=self.events + later.events,
            breaches=self.breaches + later.breaches,
            is_enriched=self.is_enriched or later.is_enriched,
        )

    def with_id(self, ticket_id: int) -> Decision:
        """The same decision once the database has numbered the new row."""
        return replace(
            self,
            ticket=self.ticket.changed(id=ticket_id),
            events=tuple(replace(event, ticket_id=ticket_id) for event in self.events),
        )


VERBS = {
    Status.OPEN: "unassign",
    Status.IN_PROGRESS: "go to in_progress",
    Status.WAITING_CUSTOMER: "wait for the customer",
    Status.RESOLVED: "resolve",
    Status.CLOSED: "close",
}


def decide(
    ticket: Ticket,
    fields: Mapping[str, Any],
    entries: tuple[HistoryEntry, ...],
    events: tuple[Event, ...],
    now: datetime,
) -> Decision:
    """A changed ticket with its history written and its traces."""
    metadata = fields.get("metadata", ticket.metadata).with_history(entries)
    changes = {**fields, "metadata": metadata, "updated_at": to_the_second(now)}
    return Decision(ticket=ticket.changed(**changes), at=now, entries=entries, events=events)


def status_timestamps(to: Status, now: datetime) -> dict[str, datetime | None]:
    """The columns that entering a status sets; reopening clears `resolved_at` (rules 2.4)."""
    match to:
        case Status.RESOLVED:
            return {"resolved_at": to_the_second(now)}
        case Status.CLOSED:
            return {"closed_at": to_the_second(now)}
        case Status.IN_PROGRESS:
            return {"resolved_at": None}
        case _:
            return {}


def history_entry(
    action: Action,
    before: str | int | None,
    after: str | int | None,
    by: int | None,
    now: datetime,
    reason: str | None,
) -> HistoryEntry:
    """A history entry, its values plain enough for JSON."""
    return HistoryEntry(
        at=now,
        actor=by,
        action=action,
        before=_plain(before),
        after=_plain(after),
        reason=reason,
    )


def _plain(value: str | int | None) -> str | int | None:
    return str(value) if isinstance(value, str) else value


def created_event(ticket: Ticket) -> Event:
    """The event of a new ticket."""
    return TicketCreated(
        ticket_id=ticket.id,
        ticket_number=ticket.ticket_number,
        user_id=ticket.user_id,
        subject=ticket.subject,
        priority=ticket.priority,
        status=ticket.status,
        order_id=ticket.order_id,
        category=ticket.category,
    )


def status_changed(ticket: Ticket, to: Status, by: int | None, reason: str | None) -> Event:
    """The event of any transition."""
    return TicketStatusChanged(
        ticket_id=ticket.id,
        ticket_number=ticket.ticket_number,
        user_id=ticket.user_id,
        previous_status=ticket.status,
        new_status=to,
        changed_by=by,
        reason=reason,
    )


def resolved_event(
    ticket: Ticket, by: int | None, now: datetime, policies: Policies | None
) -> Event:
    """The event of a resolution, with the clocks as they stand."""
    born = ticket.created_at or now
    return TicketResolved(
        ticket_id=ticket.id,
        ticket_number=ticket.ticket_number,
        user_id=ticket.user_id,
        resolved_by=by,
        resolution_time_minutes=max(to_the_second(now) - born, timedelta())
        // timedelta(minutes=1),
        sla_met=sla.is_resolution_met(ticket, until=now, policies=policies),
        category=ticket.category,
    )


def with_promise(ticket: Ticket, priority: Priority, now: datetime, *, version: int) -> Metadata:
    """The metadata with the priority and the policy whose targets hold from now on (rules 4.2)."""
    kept = dict(ticket.metadata.object_at("sla"))
    promise = str(priority), version, second_text(now)
    kept["promise"] = dict(zip(("priority", "policy", "since"), promise, strict=True))
    if kept.setdefault("breaches", []) == [] and list(kept) == ["promise", "breaches"]:
        return ticket.metadata.with_object("sla", kept, text=_kept_promise(*promise))
    return ticket.metadata.with_members(sla=kept)


@lru_cache(maxsize=16)
def _kept_promise(priority: str, policy: int, since: str) -> str:
    """The text of `metadata.sla` without a breach: a batch writes the same for all its tickets."""
    promise = {"priority": priority, "policy": policy, "since": since}
    return encode({"promise": promise, "breaches": []})


def require_not_closed(ticket: Ticket, what: str) -> None:
    """Pass unless the ticket is closed: that state is final."""
    if ticket.status is Status.CLOSED:
        went = ticket.metadata.object_at("merged_into").get("ticket_number")
        raise TransitionNotAllowed(
            f"{ticket.ticket_number} is closed: cannot {what}",
            hint=f"It was merged into {went}: use that ticket."
            if went
            else "closed is final; a new ticket can follow it up: "
            f"savctl ticket create --follow-up-of {ticket.ticket_number} …",
            ticket_number=ticket.ticket_number,
            ticket_id=ticket.id,
            status=str(ticket.status),
        )


def not_allowed(ticket: Ticket, to: Status, what: str) -> TransitionNotAllowed:
    """The refusal of a move, with what is allowed instead."""
    arrows = states.allowed_from(ticket.status)
    allowed = ", ".join(f"{t.to} (savctl ticket {t.command})" for t in arrows)
    hint = f"Allowed from {ticket.status}: {allowed}." if allowed else "closed is final."
    steps = states.bridge(ticket.status, to)
    if len(steps) > 1 and steps[0] is Status.IN_PROGRESS and ticket.status is Status.OPEN:
        hint += (
            " Assign it first, or name who takes it: with --bridge --as USER_ID it goes "
            f"{' → '.join(steps)}."
        )
    elif len(steps) > 1:
        hint += f" With --bridge: {' → '.join(steps)}."
    return TransitionNotAllowed(
        f"{ticket.ticket_number} is {ticket.status}: cannot {what}",
        hint=hint,
        ticket_number=ticket.ticket_number,
        ticket_id=ticket.id,
        status=str(ticket.status),
        allowed=[str(t.to) for t in arrows],
    )
