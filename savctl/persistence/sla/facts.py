"""What the SLA clocks need beside the ticket itself, for many tickets with two queries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from savctl.domain.model.ticket import Ticket
from savctl.domain.sla.breach import Breach
from savctl.persistence.sla.breaches import Ledger
from savctl.persistence.tickets.messages import Messages


class SlaFacts(NamedTuple):
    """When an agent first wrote publicly, and which breaches stand in the ledger."""

    answered_at: datetime | None
    ledger: tuple[Breach, ...]


def sla_facts(connection: Connection, tickets: Sequence[Ticket]) -> dict[int, SlaFacts]:
    """The facts of each ticket, by its id."""
    ids = [ticket.id for ticket in tickets]
    answers, ledger = (
        Messages(connection).first_answers(tickets),
        Ledger(connection).of_tickets(ids),
    )
    return {ticket_id: SlaFacts(answers.get(ticket_id), ledger[ticket_id]) for ticket_id in ids}
