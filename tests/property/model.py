"""A ticket's life once more, written from the specification and not from savctl's rules.

A model is a plain dict; each function says what a request does to it, or that it is refused.
History entries are (action, from, to), events (name, what else is told).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

Model = dict[str, Any]
WEEK, DAY = timedelta(days=7), timedelta(days=1)

ARROWS = {
    "open": {"in_progress", "closed"},
    "in_progress": {"waiting_customer", "resolved", "open"},
    "waiting_customer": {"in_progress", "closed"},
    "resolved": {"closed", "in_progress"},
    "closed": set(),
}


class No(Exception):
    """The request is refused."""


def born(at: datetime, **fields: Any) -> Model:
    """A ticket that was just created."""
    return {
        "status": "open",
        "agent": None,
        "resolved_at": None,
        "closed_at": None,
        "entered_at": at,
        "history": [("created", None, "open")],
        "events": [("TicketCreated", None)],
        "messages": [],
        **fields,
    }


def assign(ticket: Model, agent: int, at: datetime) -> None:
    """Give it to an agent; an open one starts."""
    _living(ticket)
    was_open = ticket["status"] == "open"
    if ticket["agent"] == agent and not was_open:
        return
    ticket["history"].append(("assigned", ticket["agent"], agent))
    after = "in_progress" if was_open else ticket["status"]
    ticket["events"].append(("TicketAssigned", (agent, ticket["status"], after)))
    ticket["agent"] = agent
    if was_open:
        _enter(ticket, "in_progress", at)


def unassign(ticket: Model, at: datetime) -> None:
    """Back into the queue, from work only."""
    if ticket["status"] == "open":
        return
    if ticket["status"] != "in_progress":
        raise No
    ticket["history"].append(("unassigned", ticket["agent"], None))
    ticket["agent"] = None
    _enter(ticket, "open", at)


def move(ticket: Model, to: str, at: datetime, *, only_from: str | None = None) -> None:
    """Take an arrow that is not about agents."""
    if ticket["status"] == to:
        return
    if only_from not in {None, ticket["status"]}:
        raise No
    if to not in ARROWS[ticket["status"]] or ticket["status"] == "open" != to == "in_progress":
        raise No
    _enter(ticket, to, at)


def bridge(ticket: Model, to: str, agent: int | None, at: datetime) -> None:
    """Get there through work, where there is no arrow."""
    if ticket["status"] == to:
        return
    if ticket["status"] == "closed":
        raise No
    is_assignment = ticket["status"] == "open" and to != "closed"
    if is_assignment and agent is None:
        raise No
    if is_assignment:
        assign(ticket, agent or 0, at)
    elif to not in ARROWS[ticket["status"]]:
        _enter(ticket, "resolved" if to == "closed" else "in_progress", at)
    if ticket["status"] != to:
        _enter(ticket, to, at)


def set_field(ticket: Model, field: str, value: str) -> None:
    """A priority or a subject."""
    _living(ticket)
    if ticket[field] == value:
        return
    if field == "priority":
        ticket["history"].append(("priority", ticket[field], value))
    else:
        ticket["history"].append(("edited", None, [field]))
    ticket[field] = value


def say(ticket: Model, side: str, at: datetime, *, internal: bool = False) -> None:
    """A message, and what a customer's does by itself."""
    _living(ticket)
    if internal and side == "customer":
        raise No
    _store(ticket, side, internal, at)
    if side == "customer" and ticket["status"] == "waiting_customer":
        _enter(ticket, "in_progress", at)


def say_and_move(ticket: Model, to: str, at: datetime) -> None:
    """An agent's message that goes with a move; it may not be lost in a no-op."""
    if ticket["status"] == to or to not in ARROWS[ticket["status"]]:
        raise No
    _store(ticket, "agent", False, at)
    _enter(ticket, to, at)


def say_and_reopen(ticket: Model, side: str, at: datetime) -> None:
    """A message that takes a resolved ticket up again."""
    if ticket["status"] != "resolved":
        raise No
    _store(ticket, side, False, at)
    _enter(ticket, "in_progress", at)


def silent_job(tickets: Iterator[Model], now: datetime, *, heal: bool) -> None:
    """Seven days of silence close a waiting ticket; an answer in doubt is the customer's."""
    for ticket in tickets:
        if ticket["status"] != "waiting_customer":
            continue
        entry = ticket["entered_at"]
        customer, agent = _last(ticket, "customer"), _last(ticket, "agent")
        newest = max(_second(entry), agent or _second(entry))
        if customer is not None and customer >= newest:
            if heal:
                _enter(ticket, "in_progress", now)
        elif now - max(entry, agent or entry) >= WEEK:
            _enter(ticket, "closed", now)


def resolved_job(tickets: Iterator[Model], now: datetime) -> None:
    """A day without an objection closes a resolved ticket."""
    for ticket in tickets:
        if ticket["status"] != "resolved":
            continue
        customer = _last(ticket, "customer")
        held = customer is not None and customer >= ticket["resolved_at"]
        if not held and now - ticket["resolved_at"] >= DAY:
            _enter(ticket, "closed", now)


def _living(ticket: Model) -> None:
    if ticket["status"] == "closed":
        raise No


def _enter(ticket: Model, to: str, at: datetime) -> None:
    ticket["history"].append(("status", ticket["status"], to))
    ticket["events"].append(("TicketStatusChanged", (ticket["status"], to)))
    if to == "resolved":
        ticket["events"].append(("TicketResolved", None))
        ticket["resolved_at"] = _second(at)
    if to == "in_progress":
        ticket["resolved_at"] = None
    if to == "closed":
        ticket["closed_at"] = _second(at)
    ticket["status"], ticket["entered_at"] = to, at


def _store(ticket: Model, side: str, internal: bool, at: datetime) -> None:
    ticket["messages"].append((side, internal, _second(at)))
    ticket["events"].append(("MessageAdded", (side, internal)))


def _last(ticket: Model, side: str) -> datetime | None:
    return max(
        (at for who, hidden, at in ticket["messages"] if who == side and not hidden), default=None
    )


def _second(at: datetime) -> datetime:
    return at.replace(microsecond=0)
