"""What news of an order does to a ticket: its metadata, and perhaps its priority (rules 14.1).

A priority never falls, the promise never moves, a closed ticket stays as it is.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from savctl.domain.clock import to_the_second
from savctl.domain.model.history import Action
from savctl.domain.model.metadata import Metadata
from savctl.domain.model.priority import (
    BY_HAND,
    LEVELS,
    Priority,
    PriorityFacts,
    PriorityRules,
    first_priority,
    repeat_reason,
)
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.domain.sla.policy import Policies
from savctl.domain.sla.targets import RAISED_BY_ORDER, promise
from savctl.domain.sync.orders import FAILED, OrderFacts, known_since
from savctl.domain.tickets.decision import Decision, history_entry, with_promise


class OrderCheck(StrEnum):
    """What `metadata.order_check` says."""

    VALID = "valid"
    PENDING = "pending"
    UNKNOWN = "unknown"


def take_in_order(
    ticket: Ticket, order: OrderFacts, *, as_of: datetime, now: datetime, policies: Policies
) -> Decision:
    """Bring a ticket up to date with an event of its order; older news changes nothing."""
    now = ticket.moment(now)
    if ticket.status is Status.CLOSED or not _is_news(ticket, order, as_of):
        return Decision(ticket=ticket, at=now)
    enriched = ticket.changed(metadata=with_order(ticket.metadata, order, as_of))
    return _raised(enriched, order, now, policies)


def confirm_order(
    ticket: Ticket, order: OrderFacts, *, as_of: datetime, now: datetime, policies: Policies
) -> Decision:
    """What the answer to a question does that had waited: as if it had come at the creation.

    A priority that was set by hand stays, as it would have then.
    """
    now = ticket.moment(now)
    if ticket.status is Status.CLOSED:
        return Decision(ticket=ticket, at=now)
    metadata = ticket.metadata.with_members(order_check=str(OrderCheck.VALID))
    if _is_news(ticket, order, as_of):
        metadata = with_order(metadata, order, as_of)
    checked = ticket.changed(metadata=metadata)
    if BY_HAND in _reasons(metadata):
        return Decision(ticket=checked, at=now, is_enriched=True)
    return _raised(checked, order, now, policies)


def mark_unknown(ticket: Ticket, *, now: datetime) -> Decision:
    """The orders service does not know the ticket's order, or not as this customer's."""
    now = ticket.moment(now)
    is_known = ticket.metadata.get("order_check") == str(OrderCheck.UNKNOWN)
    if ticket.status is Status.CLOSED or is_known:
        return Decision(ticket=ticket, at=now)
    metadata = ticket.metadata.with_members(order_check=str(OrderCheck.UNKNOWN))
    return Decision(ticket=ticket.changed(metadata=metadata), at=now, is_enriched=True)


def with_order(metadata: Metadata, order: OrderFacts, as_of: datetime) -> Metadata:
    """The metadata with what is known of the order.

    A payment failure that the orders service takes back is none any more; one that was given by
    hand stays.
    """
    was_failed = metadata.object_at("order").get("payment_status") == FAILED
    metadata = metadata.with_members(order=order.as_member(as_of))
    if order.is_payment_failed:
        return metadata.with_members(payment_failed=True)
    return metadata.without("payment_failed") if was_failed else metadata


def _is_news(ticket: Ticket, order: OrderFacts, as_of: datetime) -> bool:
    known = known_since(ticket.metadata.object_at("order"), order.order_id)
    return known is None or known < as_of


def _raised(ticket: Ticket, order: OrderFacts, now: datetime, policies: Policies) -> Decision:
    """The enriched ticket, its priority raised if a rule about orders asks for it."""
    rules = policies.current.rules
    to, reasons = _level(ticket.metadata, order, rules)
    enriched = Decision(ticket=ticket, at=now, is_enriched=True)
    if to is None or not ticket.priority.is_known:
        return enriched
    if LEVELS.index(to) <= LEVELS.index(ticket.priority):
        return enriched
    reason = f"{RAISED_BY_ORDER}: {'; '.join(reasons)}"
    entry = history_entry(Action.PRIORITY, ticket.priority, to, None, now, reason)
    kept = [one for one in _reasons(ticket.metadata) if one != "default"]
    members = {"priority_reasons": [*kept, *(one for one in reasons if one not in kept)]}
    metadata = _promised(ticket, policies, now).with_members(**members).with_history((entry,))
    raised = ticket.changed(priority=to, metadata=metadata, updated_at=to_the_second(now))
    return Decision(ticket=raised, at=now, entries=(entry,), is_enriched=True)


def _level(
    metadata: Metadata, order: OrderFacts, rules: PriorityRules
) -> tuple[Priority | None, tuple[str, ...]]:
    """What the rules of the first priority make of an order; None where none is about it.

    What else they look at is taken as it was when the ticket was created.
    """
    value = order.value_in_eur
    is_valuable = value is not None and value > rules.order_value_over
    if not (is_valuable or order.is_payment_failed):
        return None, ()
    is_repeat = repeat_reason(rules) in _reasons(metadata)
    facts = PriorityFacts(
        order_value=value,
        is_payment_failed=order.is_payment_failed,
        is_vip=metadata.get("vip") is True,
        earlier_same_category=rules.repeats_over + 1 if is_repeat else 0,
    )
    return first_priority(facts, rules=rules)


def _promised(ticket: Ticket, policies: Policies, now: datetime) -> Metadata:
    """The promise written down, else the raise would move that of another program's ticket."""
    if isinstance(ticket.metadata.object_at("sla").get("promise"), dict):
        return ticket.metadata
    given = promise(ticket, policies)
    since = given.since or ticket.created_at or now
    return with_promise(ticket, given.priority, since, version=given.policy.version)


def _reasons(metadata: Metadata) -> list[object]:
    reasons = metadata.get("priority_reasons")
    return reasons if isinstance(reasons, list) else []
