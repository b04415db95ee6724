"""`savctl message`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from savctl.cli.attachment.attached import Attach, staged
from savctl.cli.framework.command import command, new_group
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.listing import up_to
from savctl.cli.framework.output import Answer, Row
from savctl.cli.framework.params import Limit, long_text, whole
from savctl.cli.framework.ticket_refs import OneTicket
from savctl.domain.model.references import reference

group = new_group("Add and read messages of tickets.")

COLUMNS = ("id", "created_at", "sender_type", "sender_id", "is_internal", "read_at", "message")


@command(
    group,
    "add",
    writes=True,
    examples=[
        "savctl message add TKT-7K2M9QXA --from customer:456 --body 'Any news?'",
        "savctl message add TKT-7K2M9QXA --from agent:10 --body @note.txt --internal",
        "savctl message add TKT-7K2M9QXA --from customer:456 --body Here --attach photo.jpg",
    ],
)
def add(
    call: CommandContext,
    ticket: OneTicket,
    sender: Annotated[str, typer.Option("--from", metavar="WHO", help="customer:ID or agent:ID.")],
    body: Annotated[str, typer.Option("--body", help="The text; @FILE or - reads it.")],
    internal: Annotated[
        bool, typer.Option("--internal", help="A note that customers never see.")
    ] = False,
    reopen: Annotated[
        bool, typer.Option("--reopen", help="Reopen a resolved ticket with it.")
    ] = False,
    other_customer: Annotated[
        bool,
        typer.Option(
            "--other-customer", help="Accept a customer who is not the one of the ticket."
        ),
    ] = False,
    attach: Attach = None,
    idempotency_key: Annotated[
        str | None,
        typer.Option("--idempotency-key", help="The same key answers the same message."),
    ] = None,
) -> Answer:
    """Add a message to a ticket.

    A customer's message ends the waiting in the same transaction.
    """
    from savctl.domain.tickets.senders import parse_sender
    from savctl.usecases.files.staging import Staging
    from savctl.usecases.tickets.conversation import add_message

    text = long_text("message", body)
    with Staging(call.app.scanner if attach else None) as staging:
        change, message, is_replayed = add_message(
            call.operation(key=idempotency_key),
            reference(ticket),
            sender=parse_sender(sender),
            body=text,
            internal=internal,
            reopen=reopen,
            other_customer=other_customer,
            files=staged(staging, attach),
            store=call.app.store if attach else None,
        )
    call.warn_of_change(change.warnings)
    row: dict[str, object] = {
        **message,
        "ticket_number": change.ticket.ticket_number,
        "status": str(change.ticket.status),
        "changed": change.changed,
    }
    if is_replayed:
        row["replayed"] = True
    if call.dry_run:
        row["dry_run"] = True
        call.note("dry run: nothing was stored")
    columns = ("ticket_number", "id", "sender_type", "sender_id", "is_internal", "status")
    return Answer(rows=[row], columns=columns, is_one=True, key="id")


@command(
    group,
    "list",
    examples=["savctl message list TKT-7K2M9QXA", "savctl message list 12 --limit 0 -o jsonl"],
)
def list_(
    call: CommandContext,
    ticket: OneTicket,
    limit: Limit = 50,
    public: Annotated[bool, typer.Option("--public", help="Without internal notes.")] = False,
) -> Answer:
    """Show the conversation of a ticket, oldest first.

    Every message is shown whole.
    """
    from savctl.cli.views.conversation import conversation_page
    from savctl.persistence.tickets.messages import Message, Messages
    from savctl.persistence.tickets.tickets import Tickets

    with call.database.reading() as connection:
        found = Tickets(connection).get(reference(ticket))
        messages = Messages(connection).of_ticket(
            found.id, limit=limit + 1 if limit else None, public_only=public
        )
    messages = list(up_to(call, messages, limit))
    if call.wants_page and messages:
        return Answer(rows=[], text=conversation_page(call, found, messages))
    rows: Iterator[Row] = ({name: getattr(m, name) for name in m.__slots__} for m in messages)
    return Answer(
        rows=rows, columns=COLUMNS, fields=tuple(Message.__slots__), key="id", noun="messages"
    )


@command(group, "read", writes=True, examples=["savctl message read TKT-7K2M9QXA --by 10"])
def read(
    call: CommandContext,
    ticket: OneTicket,
    reader: Annotated[
        int | None,
        typer.Option(
            "--by", metavar="ID", parser=whole("--by"), help="Who read it; default --as."
        ),
    ] = None,
) -> Answer:
    """Mark what the other party wrote as read."""
    from savctl.errors import InvalidInput
    from savctl.usecases.tickets.conversation import mark_read

    by = reader if reader is not None else call.by
    if by is None:
        raise InvalidInput("who read it?", hint="Add --by USER_ID.")
    found, count = mark_read(call.operation(), reference(ticket), reader=by)
    row: dict[str, object] = {
        "ticket_number": found.ticket_number,
        "read": count,
        "changed": count > 0,
    }
    if call.dry_run:
        row["dry_run"] = True
    return Answer(rows=[row], is_one=True)


@command(group, "unread", examples=["savctl message unread", "savctl message unread --agent 10"])
def unread(
    call: CommandContext,
    agent: Annotated[
        int | None,
        typer.Option(
            "--agent", metavar="ID", parser=whole("--agent"), help="Only this agent's tickets."
        ),
    ] = None,
) -> Answer:
    """List tickets whose customers wait to be read.

    These are tickets with messages that no agent has read, the longest waiting first.
    """
    from savctl.persistence.tickets import reads

    with call.database.reading() as connection:
        rows = reads.unread(connection, agent_id=agent)
    columns = ("ticket_number", "status", "assigned_to", "unread", "oldest_at")
    return Answer(rows=rows, columns=columns, fields=("id", *columns), noun="unread messages")
