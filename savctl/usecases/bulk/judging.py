"""What becomes of one ticket: asked when the plan is made, and once more on the locked row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from savctl.domain.bulk.steps import BulkStep, BulkTerms, decide_steps
from savctl.domain.model.ticket import Ticket
from savctl.domain.tickets.decision import Decision, TransitionNotAllowed
from savctl.domain.tickets.senders import Sender, require_sender
from savctl.errors import InvalidInput, NotPermitted, Refused
from savctl.usecases.batch.report import Item, ItemOutcome
from savctl.usecases.bulk.order import BulkOrder

ALREADY = "is so already"
REPEATED = "is the one that the others repeat"
_UNREADABLE = "metadata was no JSON object; it is kept as metadata.unreadable"


@dataclass(frozen=True, slots=True)
class Judged:
    """What is to be done with a ticket, and how the answer names it."""

    item: Item
    decision: Decision | None = None
    sender: Sender | None = None


def judge(ticket: Ticket, steps: Sequence[BulkStep], order: BulkOrder, terms: BulkTerms) -> Judged:
    """Ask the rules of the single command; a refusal is an outcome like any other."""
    if ticket.odd_values:
        odd = f"left as it is: it has {' and '.join(ticket.odd_values)}; savctl db check"
        return Judged(_item(ticket, ItemOutcome.REFUSED, odd))
    if ticket.id in [step.duplicate_of for step in steps]:
        return Judged(_item(ticket, ItemOutcome.SKIPPED, REPEATED))
    try:
        decision = decide_steps(ticket, steps, terms)
        if not decision.is_change and order.message is None:
            return Judged(_item(ticket, ItemOutcome.SKIPPED, ALREADY))
        sender = None if order.message is None else _sender(ticket, decision, terms.by)
    except NotPermitted:
        raise
    except (Refused, InvalidInput) as refusal:
        return Judged(_item(ticket, ItemOutcome.REFUSED, refusal.message))
    remark = _UNREADABLE if ticket.metadata.was_unreadable else None
    return Judged(_item(ticket, ItemOutcome.CHANGED, remark), decision, sender)


def _sender(ticket: Ticket, decision: Decision, by: int | None) -> Sender:
    """Who writes the message to this ticket's customer.

    Raises:
        TransitionNotAllowed: nothing would change, and a message must not be hidden by that.
        InvalidInput: nobody is known.
        WrongSender: the agent is the ticket's customer.
    """
    facts: dict[str, Any] = {"ticket_number": ticket.ticket_number}
    if not decision.is_change:
        raise TransitionNotAllowed(
            f"{ticket.ticket_number} is {ticket.status} already: the message was not added",
            **facts,
        )
    agent = by if by is not None else ticket.assigned_to
    if agent is None:
        raise InvalidInput(f"{ticket.ticket_number} has no agent, so the message has no sender")
    require_sender(ticket, ("agent", agent))
    return "agent", agent


def _item(ticket: Ticket, outcome: ItemOutcome, reason: str | None) -> Item:
    return Item(ticket.id, ticket.ticket_number, outcome, reason)
