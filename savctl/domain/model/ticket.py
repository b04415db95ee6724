"""A support ticket as a value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter
from typing import Any

from savctl.domain.clock import COLUMNS_END, instant
from savctl.domain.model.history import CHAIN
from savctl.domain.model.metadata import EMPTY, Metadata
from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One row of support_tickets; every `_at` is an aware UTC instant.

    The fields are the columns, in the service's order; `TICKET_COLUMNS` names them to
    rows, JSON, CSV, forms and the import. `created_at` and `updated_at` are None only where
    another program left them so.
    """

    id: int
    ticket_number: str
    user_id: int
    subject: str
    description: str
    priority: Priority
    status: Status
    category: str | None = None
    assigned_to: int | None = None
    order_id: int | None = None
    metadata: Metadata = EMPTY
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    created_at: datetime | None
    updated_at: datetime | None

    @property
    def entered_status_at(self) -> datetime | None:
        """When the ticket last entered its present status, by its history.

        None when the history does not show it: no entry, or one that ends in another status
        because another program moved the ticket.
        """
        for item in reversed(self.metadata.history_items):
            if isinstance(item, dict) and _is_in_chain(item.get("action")):
                return instant(item.get("at")) if item.get("to") == self.status else None
        return None

    @property
    def latest_at(self) -> datetime | None:
        """The latest time that the row and its history hold."""
        items = self.metadata.history_items
        history = [instant(item.get("at")) for item in items if isinstance(item, dict)]
        columns = (self.created_at, self.updated_at, self.resolved_at, self.closed_at)
        known = [at for at in (*columns, *history) if at is not None and at < COLUMNS_END]
        return max(known, default=None)

    def moment(self, now: datetime) -> datetime:
        """The time of a change that is made now: never before what stands there already.

        Clocks of hosts differ a little; the times of a ticket never run backwards (rules 20.9).
        """
        return max(now, self.latest_at or now)

    @property
    def odd_values(self) -> tuple[str, ...]:
        """The columns whose value the schema does not have, each with it, in words."""
        if self.status.is_known and self.priority.is_known:  # nearly always: asked for each
            return ()
        columns = (("status", self.status), ("priority", self.priority))
        return tuple(f"the {name} {str(value)!r}" for name, value in columns if not value.is_known)

    def changed(self, **fields: Any) -> Ticket:
        """The same ticket with other values in some fields."""
        values = dict(zip(TICKET_COLUMNS, _VALUES(self), strict=True))
        return ticket_of((values | fields).values())


NOBODY = 0  # the customer of a ticket that was kept without its person (rules 16.5)
TICKET_COLUMNS = tuple(each.name for each in fields(Ticket))
_VALUES = attrgetter(*TICKET_COLUMNS)  # in half the time of dataclasses.replace()
_SETTERS = tuple(getattr(Ticket, name).__set__ for name in TICKET_COLUMNS)
FIXED_COLUMNS = frozenset(("id", "ticket_number", "user_id", "created_at"))


def ticket_of(values: Iterable[Any]) -> Ticket:
    """A ticket of the values of its columns, in their order.

    A batch makes thousands: the constructor of a frozen dataclass takes twice as long.
    """
    ticket = object.__new__(Ticket)
    for put, value in zip(_SETTERS, values, strict=True):
        put(ticket, value)
    return ticket


def _is_in_chain(action: object) -> bool:
    return isinstance(action, str) and action in CHAIN
