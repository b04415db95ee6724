"""`savctl ticket list, show, history, next`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Annotated

import typer

from savctl.cli.framework.choices import one_of
from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.encrypted import readable
from savctl.cli.framework.listing import up_to
from savctl.cli.framework.output import Answer, Row
from savctl.cli.framework.params import Limit
from savctl.cli.framework.ticket_refs import LIST_COLUMNS, LIST_KEPT, OneTicket, ticket_row
from savctl.cli.ticket import group
from savctl.domain.access.file_access import Role
from savctl.domain.access.sight import as_seen, history_seen
from savctl.domain.model.odd_rows import OddRows
from savctl.domain.model.references import reference
from savctl.domain.model.ticket import TICKET_COLUMNS, Ticket
from savctl.domain.model.ticket_filter import TicketFilter
from savctl.errors import InvalidInput, NotFound

_LIKE_A_TICKET = re.compile(r"(?i)tkt-|id:|number:|[0-9]+$")
PARTS = ("messages", "attachments", "history", "sla")


@command(
    group,
    "list",
    filters=True,
    examples=[
        "savctl ticket list --status open,in_progress --agent none",
        "savctl ticket list --user 456 -o json",
        "savctl ticket list --since 7d --sort priority --limit 0 -o csv",
    ],
)
def list_(
    call: CommandContext,
    wanted: TicketFilter,
    sort: Annotated[
        str, typer.Option("--sort", metavar="FIELD", help="Prefix - for descending.")
    ] = "-id",
    limit: Limit = 50,
    after: Annotated[
        str | None,
        typer.Option("--after", metavar="TKT", help="Continue after this ticket (next page)."),
    ] = None,
) -> Answer:
    """List tickets, newest first, fifty at a time."""
    from savctl.persistence.tickets.ticket_lists import list_tickets

    start = _start(call, after) if after is not None else None
    found = list_tickets(
        call.database, wanted, sort=sort, after=start, limit=limit + 1 if limit else 0
    )
    if call.at is not None:
        call.note("--at sets the clock of --since and --until; the tickets are those of now")
    rows = _up_to(call, found, limit)
    return Answer(
        rows=rows, columns=LIST_COLUMNS, kept=LIST_KEPT, fields=TICKET_COLUMNS, noun="tickets"
    )


@command(
    group,
    "show",
    examples=[
        "savctl ticket show TKT-7K2M9QXA",
        "savctl ticket show TKT-7K2M9QXA --with messages,history -o json",
    ],
)
def show(
    call: CommandContext,
    ticket: OneTicket,
    with_: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="PARTS", help=f"Also {', '.join(PARTS)}."),
    ] = None,
) -> Answer:
    """Show one ticket on a page.

    `-o wide` and `-o json` have every column.
    """
    words = (part for given in with_ or () for part in given.split(","))
    parts = [one_of("with", word, PARTS) for word in words]
    found = _find(call, ticket)
    _name_odd(call, found)
    return _page_of(call, found, parts)


@command(group, "history", examples=["savctl ticket history TKT-7K2M9QXA"])
def history(call: CommandContext, ticket: OneTicket) -> Answer:
    """Show the history of a ticket, oldest first.

    No actor means the system.
    """
    found = _find(call, ticket)
    entries = history_seen(found, call.token_bearer)
    if call.wants_page and entries and not _is_customers(call):
        from savctl.cli.views.ticket import history_page

        return Answer(rows=[], text=history_page(call, found))
    rows: list[Row] = [entry.as_json() for entry in entries]
    if call.is_for_people:
        rows = [{**row, "at": entry.at} for row, entry in zip(rows, entries, strict=True)]
    if not rows:
        call.note(f"{found.ticket_number} has no history: another program made it")
    return Answer(rows=rows, columns=("at", "actor", "action", "from", "to", "reason"), key="at")


@command(
    group,
    "next",
    acts=True,
    examples=["savctl ticket next", "savctl ticket next --as 10"],
)
def next_(call: CommandContext) -> Answer:
    """Show the ticket to work on next.

    It is the most urgent, then the oldest; with --as also your own.
    """
    from savctl.persistence.tickets import reads

    with call.database.reading() as connection:
        found = reads.next_ticket(connection, agent_id=call.by)
    if found is None:
        call.note("the queue is empty")
        return Answer(rows=[])
    _name_odd(call, found)
    return _page_of(call, found, ())


def _page_of(call: CommandContext, ticket: Ticket, parts: Sequence[str]) -> Answer:
    """A ticket for a person as a page, for programs as a row with these parts."""
    if call.wants_page and not _is_customers(call):
        from savctl.cli.views.ticket import ticket_page

        return Answer(rows=[], text=ticket_page(call, readable(call, ticket), parts))
    row = ticket_row(readable(call, as_seen(ticket, call.token_bearer))) | {
        part: _part(call, ticket, part) for part in parts
    }
    return Answer(rows=[row], is_one=True, as_record=True)


def _is_customers(call: CommandContext) -> bool:
    """Whether a customer asks: the pages for people show agents, history and SLA as well."""
    return call.token_bearer.role is Role.CUSTOMER


def _start(call: CommandContext, after: str) -> Ticket:
    """The ticket behind which the list continues.

    Raises:
        NotFound: no ticket has this number or id.
        InvalidInput: it has no form of one either.
    """
    try:
        return _find(call, after)
    except NotFound:
        if _LIKE_A_TICKET.match(after):
            raise
        raise InvalidInput(
            f"--after {after[:60]!r} names no ticket",
            hint="Give the number of the last ticket of the page before, such as TKT-7K2M9QXA.",
        ) from None


def _find(call: CommandContext, given: str) -> Ticket:
    from savctl.persistence.tickets.tickets import Tickets

    with call.database.reading() as connection:
        return Tickets(connection).get(reference(given))


def _part(call: CommandContext, ticket: Ticket, part: str) -> object:
    from savctl.persistence.tickets.messages import Messages
    from savctl.persistence.tickets.reads import attachments_of

    if part == "history":
        return [entry.as_json() for entry in history_seen(ticket, call.token_bearer)]
    if part == "sla":
        return dict(ticket.metadata.object_at("sla"))
    with call.database.reading() as connection:
        if part == "attachments":
            return attachments_of(connection, ticket.id)
        messages = Messages(connection).of_ticket(ticket.id)
    return [{name: getattr(m, name) for name in m.__slots__} for m in messages]


def _up_to(call: CommandContext, found: Iterator[Ticket], limit: int) -> Iterator[Row]:
    odd = OddRows()
    for ticket in up_to(call, found, limit, after=attrgetter("ticket_number")):
        odd.look(ticket)
        yield ticket_row(readable(call, as_seen(ticket, call.token_bearer)))
    if odd.warning:
        call.warn(odd.warning)


def _name_odd(call: CommandContext, ticket: Ticket) -> None:
    """Warn of what in its row the schema does not have."""
    odd = OddRows()
    odd.look(ticket)
    if odd.warning:
        call.warn(odd.warning)
