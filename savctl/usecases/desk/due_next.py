"""Which SLA targets pass next: a few tickets in the order of their alarms, however many wait."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from savctl.domain.sla.policy import Policies
from savctl.persistence.desk.next_alarms import next_alarms
from savctl.persistence.engine import OpenConnection
from savctl.persistence.sla.reads import SlaReads, TicketScope
from savctl.usecases.desk.model import NextTarget
from savctl.usecases.sla.views import SlaState, sla_states

_SHOWN = 20
_SECOND = timedelta(seconds=1)  # an alarm rings a second after its target passed
_ANYBODYS = TicketScope()


def due_next(
    connection: OpenConnection, *, now: datetime, policies: Policies
) -> Sequence[NextTarget]:
    """The targets that pass next, the soonest first; what has passed unnoticed is among them."""
    reads = SlaReads(connection)
    found: list[NextTarget] = []
    for ids, known_until in next_alarms(connection):
        tickets = reads.active_tickets(ids, _ANYBODYS)
        for state in sla_states(reads, tickets, now=now, policies=policies):
            found.extend(_targets(state))
        found.sort(key=lambda target: (target.at, target.ticket_id))
        sure = [t for t in found if known_until is None or t.at < known_until - _SECOND]
        if len(sure) >= _SHOWN:
            return sure[:_SHOWN]
    return found[:_SHOWN]


def _targets(state: SlaState) -> Iterator[NextTarget]:
    if not state.sla.is_trusted:
        return
    for side in state.sla.sides:
        at = side.passed_at if side.is_breached else side.due_at
        if at is not None and state.recorded(side) is None:
            yield NextTarget(
                ticket_id=state.ticket.id,
                ticket_number=state.ticket.ticket_number,
                status=str(state.ticket.status),
                priority=str(state.ticket.priority),
                assigned_to=state.ticket.assigned_to,
                side=str(side.side),
                at=at,
            )
