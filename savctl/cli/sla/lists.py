"""`savctl sla due, breaches`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from savctl.cli.framework.choices import each_of, one_of
from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.listing import up_to
from savctl.cli.framework.output import Answer, Row
from savctl.cli.framework.params import Limit, agent_id, whole
from savctl.cli.sla import group
from savctl.domain import times
from savctl.domain.clock import second_text
from savctl.domain.model.priority import Priority
from savctl.domain.model.references import reference
from savctl.domain.sla.clock import Side
from savctl.errors import InvalidInput
from savctl.ports import system_clock

if TYPE_CHECKING:  # they bring SQLAlchemy along, which help does without
    from savctl.persistence.sla.breaches import BreachFilter
    from savctl.usecases.sla.due import DueTarget

DUE_COLUMNS = (
    "ticket_number",
    "side",
    "due_at",
    "in",
    "priority",
    "status",
    "assigned_to",
    "warning",
)
DUE_FIELDS = (
    "ticket_number",
    "id",
    "side",
    "due_at",
    "remaining_seconds",
    "in",
    "target_minutes",
    "priority",
    "status",
    "assigned_to",
    "overdue",
    "warning",
)
BREACH_FIELDS = (
    "ticket_number",
    "ticket_id",
    "side",
    "at",
    "found_at",
    "priority",
    "expected_minutes",
    "actual_minutes",
    "raised_to",
    "status",
    "assigned_to",
)
WITHIN = timedelta(hours=2)
_Agent = Annotated[
    str | None, typer.Option("--agent", metavar="ID|none", help="Who holds the ticket.")
]


@command(
    group,
    "due",
    examples=[
        "savctl sla due",
        "savctl sla due --within 8h --agent none",
        "savctl sla due --warned",
    ],
)
def due(
    call: CommandContext,
    within: Annotated[
        str | None,
        typer.Option("--within", metavar="SPAN", help="How far to look ahead; 2h by default."),
    ] = None,
    agent: _Agent = None,
    priority: Annotated[
        list[str] | None, typer.Option("--priority", help="One or more, as they are now.")
    ] = None,
    warned: Annotated[
        bool, typer.Option("--warned", help="All past the share that sla_warn_at sets.")
    ] = False,
    limit: Limit = 50,
) -> Answer:
    """List targets that pass soon, the soonest first.

    Only open and in_progress tickets count.

    What has passed and is not recorded yet leads the list; what is recorded: sla breaches.
    """
    from savctl.persistence.sla.reads import TicketScope
    from savctl.usecases.sla.due import DueFilter, due_targets

    policies = call.app.policies(store=False)
    if call.at is not None and call.clock() < system_clock():
        call.note("of the tickets that are worked on now: what ended since --at is not listed")
    if warned and policies.current.warn_at_percent is None:
        call.note("no warning is set: sla_warn_at (SAVCTL_SLA_WARN_AT) sets the share")
    wanted = DueFilter(
        within=_span(within) if within is not None or warned else WITHIN,
        warned_only=warned,
        held=TicketScope(
            agent_id=agent_id(agent),
            is_unassigned=agent == "none",
            priorities=each_of("priority", priority, Priority),
        ),
    )
    found = due_targets(
        call.database,
        wanted,
        now=call.clock(),
        policies=policies,
        limit=limit + 1 if limit else 0,
    )
    return Answer(
        rows=_due_rows(call, found, limit),
        columns=DUE_COLUMNS,
        fields=DUE_FIELDS,
        noun="targets due",
    )


@command(
    group,
    "breaches",
    examples=["savctl sla breaches", "savctl sla breaches --since 7d --type response -o csv"],
)
def breaches(
    call: CommandContext,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="Target passed at or after.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="Target passed before.")
    ] = None,
    type_: Annotated[
        str | None, typer.Option("--type", metavar="SIDE", help="response or resolution.")
    ] = None,
    priority: Annotated[
        list[str] | None, typer.Option("--priority", help="The promise's, not the present one.")
    ] = None,
    agent: _Agent = None,
    ticket: Annotated[
        str | None, typer.Option("--ticket", metavar="TKT", help="Only of this ticket.")
    ] = None,
    limit: Limit = 50,
    after: Annotated[
        str | None,
        typer.Option(
            "--after", metavar="TIME/ID/SIDE", help="Continue after this breach (next page)."
        ),
    ] = None,
) -> Answer:
    """List recorded breaches, newest first.

    Their tickets are shown as they are now.
    """
    from savctl.persistence.sla.breaches import BreachFilter

    begin, end = call.span(since, until)
    wanted = BreachFilter(
        since=begin,
        until=end,
        side=Side(one_of("type", type_, tuple(Side))) if type_ is not None else None,
        priorities=each_of("priority", priority, Priority),
        agent_id=agent_id(agent),
        is_unassigned=agent == "none",
        ticket_id=_ticket_id(call, ticket),
    )
    rows = _breach_rows(call, wanted, _place(call, after), limit)
    return Answer(rows=rows, columns=BREACH_FIELDS, fields=BREACH_FIELDS, noun="breaches")


def _due_rows(call: CommandContext, found: Iterator[DueTarget], limit: int) -> Iterator[Row]:
    from savctl.cli.sla._rows import due_row

    for one in up_to(call, found, limit):
        yield due_row(one, days="days" if call.is_for_people else "d")


def _breach_rows(
    call: CommandContext, wanted: BreachFilter, after: tuple[datetime, int, str] | None, limit: int
) -> Iterator[Row]:
    from savctl.persistence.sla.breaches import list_breaches

    found = list_breaches(call.database, wanted, after=after, limit=limit + 1 if limit else 0)
    for row in up_to(call, found, limit, after=_place_of):
        yield {name: getattr(row, name) for name in BREACH_FIELDS}


def _place_of(row: Any) -> str:
    return f"{second_text(row.at)}/{row.ticket_id}/{row.side}"


def _span(given: str | None) -> timedelta | None:
    if given is None:
        return None
    try:
        return times.span(given)
    except InvalidInput as problem:
        raise InvalidInput(f"--within: {problem.message}", hint=problem.hint) from None


def _place(call: CommandContext, after: str | None) -> tuple[datetime, int, str] | None:
    """The breach behind which to go on, as the note about more of them names it."""
    if after is None:
        return None
    time, _, rest = after.partition("/")
    ticket, _, side = rest.partition("/")
    at = call.moment("after", time) if rest else None
    if at is None or side not in tuple(Side):
        raise InvalidInput(
            f"--after {after!r} names no breach", hint="Use a value of the list: TIME/ID/SIDE."
        )
    return at, whole("--after")(ticket), side


def _ticket_id(call: CommandContext, given: str | None) -> int | None:
    from savctl.persistence.tickets.tickets import Tickets

    if given is None:
        return None
    with call.database.reading() as connection:
        return Tickets(connection).get(reference(given)).id
