"""`savctl audit`: what was done, what was refused, and by whom (rules 1.3, 12.6)."""

from __future__ import annotations

from operator import itemgetter
from typing import Annotated, Any

import typer

from savctl.cli.framework.command import command, new_group
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.listing import up_to
from savctl.cli.framework.output import Answer
from savctl.cli.framework.params import Limit, person, whole
from savctl.cli.user import user_id
from savctl.domain.model.references import reference

group = new_group("Read the audit: what was done, by whom and when.")

_KEYS = ("id", "at", "actor", "action", "ticket_id", "run_id", "entry")


@command(
    group,
    "list",
    examples=[
        "savctl audit list",
        "savctl audit list --ticket TKT-7K2M9QXA -o json",
        "savctl audit list --action refused --since 7d",
    ],
)
def list_(
    call: CommandContext,
    ticket: Annotated[
        str | None, typer.Option("--ticket", metavar="TKT", help="Only of this ticket.")
    ] = None,
    user: Annotated[
        Any,
        typer.Option(
            "--user",
            metavar="USER",
            parser=person("--user"),
            help="Only what this user did: an id or an e-mail address.",
        ),
    ] = None,
    action: Annotated[
        str | None,
        typer.Option("--action", metavar="ACTION", help="Only this action, such as status."),
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="That happened then or later.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="And before this.")
    ] = None,
    after: Annotated[
        int | None,
        typer.Option(
            "--after",
            metavar="ID",
            parser=whole("--after"),
            help="Continue behind this entry (next page).",
        ),
    ] = None,
    limit: Limit = 50,
) -> Answer:
    """List the entries of the audit, newest first.

    The audit holds ids, actions and reasons, never the text of a message.
    """
    from savctl.persistence.audit_reads import AuditFilter, newest_entries

    begin, end = call.span(since, until)
    wanted = AuditFilter(
        ticket_id=_ticket_id(call, ticket),
        actor=None if user is None else user_id(call, user),
        action=None if action is None else action.strip().lower(),
        since=begin,
        until=end,
        before_id=after,
    )
    found = newest_entries(call.database, wanted, limit=limit + 1 if limit else 0)
    rows = up_to(call, found, limit, after=itemgetter("id"))
    return Answer(rows=rows, columns=_KEYS, fields=_KEYS, key="id", noun="entries")


def _ticket_id(call: CommandContext, named: str | None) -> int | None:
    """The id of a ticket, archived ones included; `id:N` also of one that was removed."""
    from savctl.persistence.tickets.tickets import Tickets

    if named is None:
        return None
    ref = reference(named)
    if type(ref) is int:
        return ref  # the audit outlives its tickets
    with call.database.reading() as connection:
        return Tickets(connection).named(ref).id
