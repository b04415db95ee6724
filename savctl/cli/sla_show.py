"""`savctl sla show, explain`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from savctl.cli._call import Call
from savctl.cli._command import command
from savctl.cli._output import Answer, Format
from savctl.cli._text import safe
from savctl.cli._tickets import ManyTickets, OneTicket, reference, references
from savctl.cli.sla_group import group

if TYPE_CHECKING:  # it brings SQLAlchemy along, which help does without
    from savctl.usecases.sla_views import Seen

COLUMNS = (
    "ticket_number",
    "status",
    "priority",
    "promised",
    "response",
    "resolution",
    "due_at",
    "source",
)


@command(
    group,
    "show",
    examples=["savctl sla show TKT-7K2M9QXA", "savctl sla show TKT-7K2M9QXA -o json"],
)
def show(call: Call, tickets: ManyTickets) -> Answer:
    """Where the SLA of tickets stands: both clocks, what was promised, what was breached."""
    from savctl.cli._sla_rows import sla_row
    from savctl.cli._sla_text import line_row

    refs, is_one = references(tickets)
    seen = _look(call, refs)
    if call.output is Format.TABLE and not call.columns:
        return Answer(rows=[line_row(one) for one in seen], columns=COLUMNS)
    return Answer(rows=[sla_row(one) for one in seen], is_one=is_one)


@command(
    group,
    "explain",
    examples=[
        "savctl sla explain TKT-7K2M9QXA",
        "savctl sla explain TKT-7K2M9QXA --at 2025-12-01 -o json",
    ],
)
def explain(call: Call, ticket: OneTicket) -> Answer:
    """Why the clocks of a ticket stand where they do, stretch by stretch, and what comes next."""
    from savctl.cli._sla_rows import explanation
    from savctl.cli._sla_text import explanation_text

    (one,) = _look(call, [reference(ticket)])
    text = "\n".join(safe(line) for line in explanation_text(one).split("\n"))
    return Answer(rows=[explanation(one)], is_one=True, as_record=True, text=text)


def _look(call: Call, refs: Sequence[str | int]) -> list[Seen]:
    from savctl.persistence.tickets import Tickets
    from savctl.usecases.sla_views import look

    policies = call.app.policies(store=False)
    with call.database.reading() as connection:
        tickets = [Tickets(connection).get(ref) for ref in refs]
        return list(look(connection, tickets, now=call.clock(), policies=policies))
