"""Answers that were waited for, written: tickets that learn of their order, users that changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from savctl.domain.model.ticket import Ticket
from savctl.domain.sla.policy import Policies
from savctl.domain.sync.order_effects import OrderCheck, confirm_order, mark_unknown
from savctl.domain.sync.orders import OrderFacts
from savctl.domain.tickets.decision import Decision
from savctl.persistence.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderNews:
    """What was answered about the order of a ticket; no order: it is not this customer's."""

    ticket_id: int
    ticket_number: str
    order_id: int
    order: OrderFacts | None


def write_orders(
    uow: UnitOfWork,
    news: Sequence[OrderNews],
    *,
    as_of: datetime,
    now: datetime,
    policies: Policies,
) -> list[OrderNews]:
    """Confirm or mark the tickets whose check still waits; answers those that changed."""
    by_id = {one.ticket_id: one for one in news}
    changes: list[tuple[Ticket, Decision]] = []
    for ticket in uow.tickets.lock_many(by_id):
        one = by_id[ticket.id]
        mark = ticket.metadata.get("order_check")
        if mark != str(OrderCheck.PENDING) or ticket.order_id != one.order_id:
            continue  # somebody has looked at it meanwhile
        if one.order is None:
            decision = mark_unknown(ticket, now=now)
        else:
            decision = confirm_order(ticket, one.order, as_of=as_of, now=now, policies=policies)
        changes.append((ticket, decision))
    real = [(ticket, decision) for ticket, decision in changes if decision.is_change]
    uow.record_many(real)
    return [by_id[ticket.id] for ticket, _ in real]
