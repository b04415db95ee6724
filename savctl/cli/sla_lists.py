"""`savctl sla due, breaches`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from savctl.cli._call import Call
from savctl.cli._choices import one_of
from savctl.cli._command import command
from savctl.cli._output import Answer, Row
from savctl.cli._tickets import reference
from savctl.cli._values import Limit, whole
from savctl.cli.sla_group import group
from savctl.domain import times
from savctl.domain.priority import Priority
from savctl.domain.sla_clock import Side
from savctl.errors import InvalidInput

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
    call: Call,
    within: Annotated[
        str, typer.Option("--within", metavar="SPAN", help="How far to look ahead.")
    ] = "2h",
    agent: Annotated[
        str | None, typer.Option("--agent", metavar="ID|none", help="Who holds the ticket.")
    ] = None,
    priority: Annotated[str | None, typer.Option("--priority")] = None,
    warned: Annotated[
        bool, typer.Option("--warned", help="Only past the share of sla_warn_at.")
    ] = False,
    limit: Limit = 50,
) -> Answer:
    """Targets of open and in_progress tickets that pass soon, the soonest first."""
    from savctl.cli._sla_rows import due_row
    from savctl.usecases.sla_views import due_targets

    policies = call.app.policies(store=False)
    if warned and policies.current.warn_at_percent is None:
        call.note("no warning is set: sla_warn_at (SAVCTL_SLA_WARN_AT) says at which share")
    now = call.clock()
    found = due_targets(
        call.database,
        now=now,
        within=times.span(within),
        policies=policies,
        warned_only=warned,
    )
    holder, level = _holder(agent), _level(priority)
    wanted = [
        one
        for one in found
        if (agent is None or one.seen.ticket.assigned_to == holder)
        and (level is None or one.seen.ticket.priority is level)
    ]
    shown = wanted[:limit] if limit else wanted
    if len(wanted) > len(shown):
        call.note(f"{len(wanted) - len(shown)} more: --limit 0 for all")
    return Answer(
        rows=[due_row(one, now) for one in shown], columns=DUE_COLUMNS, fields=DUE_FIELDS
    )


@command(
    group,
    "breaches",
    examples=["savctl sla breaches", "savctl sla breaches --since 7d --type response -o csv"],
)
def breaches(
    call: Call,
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
        str | None, typer.Option("--priority", help="The promise's, not the present one.")
    ] = None,
    agent: Annotated[
        int | None, typer.Option("--agent", metavar="ID", parser=whole("--agent"))
    ] = None,
    ticket: Annotated[
        str | None, typer.Option("--ticket", metavar="TKT", help="Only of this ticket.")
    ] = None,
    limit: Limit = 50,
    after: Annotated[
        str | None,
        typer.Option("--after", metavar="TIME/ID/SIDE", help="Go on behind this row."),
    ] = None,
) -> Answer:
    """Breaches that were found, the newest first."""
    from savctl.persistence.sla_breaches import BreachFilter

    wanted = BreachFilter(
        since=call.moment("since", since),
        until=call.moment("until", until),
        side=Side(one_of("type", type_, tuple(Side))) if type_ is not None else None,
        priority=_level(priority),
        agent_id=agent,
        ticket_id=_ticket_id(call, ticket),
    )
    rows = _breach_rows(call, wanted, _place(call, after), limit)
    return Answer(rows=rows, columns=BREACH_FIELDS, fields=BREACH_FIELDS)


def _breach_rows(call: Call, wanted: Any, after: Any, limit: int) -> Iterator[Row]:
    from savctl.persistence.sla_breaches import list_breaches

    last = ""
    with call.database.reading() as connection:
        found = list_breaches(connection, wanted, after=after, limit=limit + 1 if limit else 0)
        for number, row in enumerate(found, start=1):
            if limit and number > limit:
                call.note(f"there are more: --after {last}, or --limit 0 for all")
                return
            yield {name: getattr(row, name) for name in BREACH_FIELDS}
            last = f"{row.at:%Y-%m-%dT%H:%M:%SZ}/{row.ticket_id}/{row.side}"


def _place(call: Call, after: str | None) -> tuple[Any, int, str] | None:
    if after is None:
        return None
    parts = after.split("/")
    if len(parts) != 3 or not parts[1].isdecimal() or parts[2] not in tuple(Side):
        raise InvalidInput(
            f"--after {after!r} names no row", hint="Use what the list says: TIME/ID/SIDE."
        )
    return call.moment("after", parts[0]), int(parts[1]), parts[2]


def _ticket_id(call: Call, given: str | None) -> int | None:
    from savctl.persistence.tickets import Tickets

    if given is None:
        return None
    with call.database.reading() as connection:
        return Tickets(connection).get(reference(given)).id


def _level(given: str | None) -> Priority | None:
    return None if given is None else Priority(one_of("priority", given, tuple(Priority)))


def _holder(agent: str | None) -> int | None:
    if agent is None or agent == "none":
        return None
    if not agent.isascii() or not agent.isdecimal():
        raise InvalidInput(f"--agent {agent!r} is neither an agent's id nor none")
    return whole("--agent")(agent)
