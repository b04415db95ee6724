"""Orders of the orders service: what the newest message says goes to the tickets of the order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from savctl.domain.model.ticket import Ticket
from savctl.domain.sla.policy import Policies
from savctl.domain.sync.messages import OrderFact
from savctl.domain.sync.order_effects import take_in_order
from savctl.domain.tickets.decision import Decision
from savctl.persistence.sync.order_tickets import open_tickets_of
from savctl.persistence.sync.states import Subject, SyncKind, SyncState
from savctl.persistence.unit_of_work import UnitOfWork
from savctl.usecases.sync.report import SyncCounts


def take_in_orders(
    uow: UnitOfWork,
    news: Sequence[OrderFact],
    states: dict[Subject, SyncState],
    policies: Policies,
    counts: SyncCounts,
    outdated: list[object],
    *,
    now: datetime,
) -> None:
    """Enrich the tickets of each order, and raise their priority where a rule asks for it.

    Messages of one order act one after the other, as they would in batches of one. `states` are
    locked, and brought up to date here. Messages that are too old are added to `outdated`.
    """
    counted: dict[int, list[OrderFact]] = {}
    for one in news:
        subject = Subject(SyncKind.ORDER, one.order.order_id)
        if states[subject].is_older_than(one.at):
            states[subject] = SyncState(one.at)
            counted.setdefault(one.order.order_id, []).append(one)
        else:
            counts.outdated += 1
            outdated.append(one)
    changes: list[tuple[Ticket, Decision]] = []
    ids = open_tickets_of(uow.connection, list(counted))
    for ticket in uow.tickets.lock_many(ids) if ids else ():
        made = _changes(ticket, counted.get(ticket.order_id or 0, []), policies, now)
        changes += made
        counts.tickets += bool(made)
    uow.record_many(changes)
    counts.applied += sum(map(len, counted.values()))


def _changes(
    ticket: Ticket, news: Sequence[OrderFact], policies: Policies, now: datetime
) -> list[tuple[Ticket, Decision]]:
    made: list[tuple[Ticket, Decision]] = []
    for one in news:
        decision = take_in_order(ticket, one.order, as_of=one.at, now=now, policies=policies)
        if decision.is_change:
            made.append((ticket, decision))
            ticket = decision.ticket
    return made
