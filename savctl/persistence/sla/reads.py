"""What the SLA commands read: alarms in the order they ring, active tickets, first answers.

Nothing is locked; pages follow a key, so that a long list costs no more memory than a short one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, false, func, or_, select, true

from savctl.domain.model.priority import Priority
from savctl.domain.model.ticket import Ticket
from savctl.domain.sla.targets import COUNTED
from savctl.domain.tickets.message_origins import moved_ids
from savctl.persistence.schema.tables import sla_alarms, support_tickets, ticket_messages
from savctl.persistence.sla.facts import SlaFacts, sla_facts
from savctl.persistence.sla.scan_cursor import read_watch
from savctl.persistence.sla.scheduled_checks import UnscheduledTickets
from savctl.persistence.tickets.tickets import Tickets, to_ticket
from savctl.persistence.visibility import seen_tickets

_A, _M, _T = sla_alarms.c, ticket_messages.c, support_tickets.c


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketScope:
    """Whose tickets, and of which priority; everything given must hold."""

    agent_id: int | None = None
    is_unassigned: bool = False
    priorities: tuple[Priority, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """An agent's public message."""

    message_id: int
    sender_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Alarm:
    """When the scan looks at a ticket: None for never, unless its row changes."""

    looks_at: datetime | None


class SlaReads:
    """What one look at the database finds."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ticket(self, ref: str | int) -> Ticket:
        """The ticket of this number or id.

        Raises:
            NotFound: no such ticket.
        """
        return Tickets(self._connection).get(ref)

    def facts(self, tickets: Sequence[Ticket]) -> dict[int, SlaFacts]:
        """Answers and ledger of many tickets with two queries."""
        return sla_facts(self._connection, tickets)

    def watched_up_to(self) -> int:
        """The newest ticket when the scan last compared all of them with their alarms."""
        watch = read_watch(self._connection)
        return 0 if watch is None else watch.up_to_id

    def unwatched(self, pages: UnscheduledTickets, *, limit: int) -> list[int]:
        """The next active tickets whose alarm is not to be relied on."""
        return pages.page(self._connection, after_id=0, limit=limit)

    def alarms_until(
        self, moment: datetime, *, after: tuple[datetime, int] | None, limit: int
    ) -> list[tuple[datetime, int]]:
        """The next alarms (when, which ticket) up to a moment, soonest first."""
        query = select(_A.looks_at, _A.ticket_id).where(_A.looks_at <= moment)
        if after is not None:
            at, ticket_id = after
            further = or_(_A.looks_at > at, _A.ticket_id > ticket_id)
            query = query.where(_A.looks_at >= at, further)
        query = query.order_by(_A.looks_at, _A.ticket_id).limit(limit)
        return [(row.looks_at, row.ticket_id) for row in self._connection.execute(query)]

    def alarm(self, ticket_id: int) -> Alarm | None:
        """The ticket's alarm, None when it has none."""
        query = select(_A.looks_at).where(_A.ticket_id == ticket_id)
        row = self._connection.execute(query).first()
        return None if row is None else Alarm(row.looks_at)

    def active_tickets(self, ids: Sequence[int], held: TicketScope) -> list[Ticket]:
        """Those of these tickets that are open or in progress."""
        query = select(support_tickets).where(_T.id.in_(ids), _T.status.in_(sorted(COUNTED)))
        query = query.where(*seen_tickets(self._connection))
        if held.agent_id is not None:
            query = query.where(_T.assigned_to == held.agent_id)
        if held.is_unassigned:
            query = query.where(_T.assigned_to.is_(None))
        if held.priorities:
            query = query.where(_T.priority.in_(held.priorities))
        return [to_ticket(row) for row in self._connection.execute(query.order_by(_T.id))]

    def first_reply(self, ticket: Ticket) -> Reply | None:
        """The first public message of an agent; None when it has gone to another ticket."""
        answered_at = self.facts([ticket])[ticket.id].answered_at
        query = select(_M.id, _M.sender_id, _M.created_at).where(
            _M.ticket_id == ticket.id,
            _M.sender_type == "agent",
            _M.is_internal == false(),
            _M.created_at == answered_at,
            _M.id.not_in(sorted(moved_ids(ticket.metadata))),
        )
        row = self._connection.execute(query.order_by(_M.id).limit(1)).first()
        return None if row is None else Reply(row.id, row.sender_id, row.created_at)

    def count_notes(self, ticket_id: int, *, until: datetime) -> int:
        """How many internal notes had been written until then."""
        query = select(func.count()).where(
            _M.ticket_id == ticket_id, _M.is_internal == true(), _M.created_at <= until
        )
        return int(self._connection.execute(query).scalar_one())
