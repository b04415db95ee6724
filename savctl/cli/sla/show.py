"""`savctl sla show, explain`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer, Outcome, Row
from savctl.cli.framework.ticket_refs import ManyTickets, OneTicket, references
from savctl.cli.sla import group
from savctl.domain.model.references import reference
from savctl.domain.text import plural
from savctl.errors import PartlyDone, SavError, Unavailable

if TYPE_CHECKING:  # it brings SQLAlchemy along, which help does without
    from savctl.usecases.sla.views import SlaState

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
KEPT = ("status", "response", "resolution")


@command(
    group,
    "show",
    examples=[
        "savctl sla show TKT-7K2M9QXA",
        "savctl sla show TKT-7K2M9QXA TKT-4FJ8N2WB -o json",
    ],
)
def show(call: CommandContext, tickets: ManyTickets) -> Answer | Outcome:
    """Show both SLA clocks of tickets.

    Each row shows what was promised and what was breached.

    With --at the clocks are those of that moment, earlier or later.
    """
    from savctl.cli.sla._rows import sla_row
    from savctl.cli.views.people import people
    from savctl.cli.views.sla import line_row, sla_page
    from savctl.usecases.sla.views import sla_state

    refs, is_one = references(tickets)
    policies = call.app.policies(store=False)

    def state(ref: str | int) -> SlaState:
        return sla_state(
            call.database, ref, now=call.clock(), policies=policies, is_past=call.at is not None
        )

    def row(ref: str | int) -> Row:
        return line_row(state(ref)) if call.wants_page else sla_row(state(ref), policies)

    if is_one:
        seen = state(refs[0])
        text = None
        if call.wants_page:
            known = people(call.database, [seen.ticket.assigned_to])
            text = sla_page(seen, known, paint=call.paint)
        return Answer(rows=[sla_row(seen, policies)], is_one=True, as_record=True, text=text)
    return _each(call, refs, row, COLUMNS if call.wants_page else ())


@command(
    group,
    "explain",
    examples=["savctl sla explain TKT-7K2M9QXA", "savctl sla explain TKT-7K2M9QXA -o json"],
)
def explain(call: CommandContext, ticket: OneTicket) -> Answer:
    """Explain the SLA clocks of a ticket, step by step.

    It names the cause of each step and what happens next.

    With --at it shows that moment, earlier or later.
    """
    from savctl.cli.sla._rows import explanation
    from savctl.cli.views.people import people
    from savctl.cli.views.sla_explained import explanation_text
    from savctl.usecases.sla import views as sla_views

    policies = call.app.policies(store=False)
    story = sla_views.explain(
        call.database,
        reference(ticket),
        now=call.clock(),
        policies=policies,
        is_past=call.at is not None,
    )
    text = None
    if call.wants_page:
        text = explanation_text(story, people(call.database, [story.seen.ticket.assigned_to]))
    return Answer(rows=[explanation(story, policies)], is_one=True, as_record=True, text=text)


def _each(
    call: CommandContext,
    refs: Sequence[str | int],
    row: Callable[[str | int], Row],
    columns: tuple[str, ...],
) -> Outcome:
    """Show every ticket named; one that is not found is reported, the others are shown."""
    failures: list[SavError] = []

    def rows() -> Iterator[Row]:
        for ref in refs:
            try:
                yield row(ref)
            except Unavailable:
                raise
            except SavError as failure:
                failures.append(failure)
        if 0 < len(failures) < len(refs):
            shown = f"{len(refs) - len(failures)} of {plural(len(refs), 'ticket')} shown"
            failures.append(PartlyDone(shown))

    return Outcome(answer=Answer(rows=rows(), columns=columns, kept=KEPT), failures=failures)
