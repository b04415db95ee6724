"""The facts that savctl publishes to other services (rules 8).

The fields of a class are the keys of its payload, in the service's order.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter
from typing import ClassVar

from savctl.domain.clock import second_text
from savctl.domain.model.json_text import encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What all six have in common: the ticket they are about."""

    routing_key: ClassVar[str]

    ticket_id: int
    ticket_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketCreated(Event):
    """A new support ticket."""

    routing_key: ClassVar[str] = "sav.ticket.created"

    user_id: int
    subject: str
    priority: str
    status: str
    order_id: int | None
    category: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketAssigned(Event):
    """A ticket was given to an agent; `assigned_by` is None for the system."""

    routing_key: ClassVar[str] = "sav.ticket.assigned"

    assigned_to: int
    assigned_by: int | None
    previous_status: str
    new_status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketStatusChanged(Event):
    """Any transition; `changed_by` is None for the system."""

    routing_key: ClassVar[str] = "sav.ticket.status_changed"

    user_id: int
    previous_status: str
    new_status: str
    changed_by: int | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketResolved(Event):
    """A ticket was marked resolved.

    `resolution_time_minutes` is wall-clock from creation; `sla_met` is about the resolution
    clock, pauses taken out (rules 4.8).
    """

    routing_key: ClassVar[str] = "sav.ticket.resolved"

    user_id: int
    resolved_by: int | None
    resolution_time_minutes: int
    sla_met: bool
    category: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageAdded(Event):
    """A new message on a ticket."""

    routing_key: ClassVar[str] = "sav.ticket.message_added"

    message_id: int
    sender_id: int
    sender_type: str
    is_internal: bool
    has_attachments: bool
    attachment_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketSLABreach(Event):
    """A ticket missed an SLA target; minutes are those of the promise and of the clock."""

    routing_key: ClassVar[str] = "sav.ticket.sla_breach"

    priority: str
    sla_type: str
    expected_minutes: int
    actual_minutes: int
    assigned_to: int | None


EVENTS: tuple[type[Event], ...] = (
    TicketCreated,
    TicketAssigned,
    TicketStatusChanged,
    TicketResolved,
    MessageAdded,
    TicketSLABreach,
)

_NAMES = {event: tuple(f.name for f in fields(event)) for event in EVENTS}
_KEYS = {event: (names, attrgetter(*names)) for event, names in _NAMES.items()}


def envelope(event: Event, *, at: datetime) -> str:
    """The message as it goes over the wire: event, timestamp (to the second, UTC), data."""
    keys, values = _KEYS[type(event)]
    data = dict(zip(keys, values(event), strict=True))
    message = {"event": type(event).__name__, "timestamp": second_text(at), "data": data}
    return encode(message)
