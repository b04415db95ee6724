"""`savctl ticket merge, split, duplicates`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from savctl.cli.framework.choices import one_of
from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.encrypted import readable
from savctl.cli.framework.listing import up_to
from savctl.cli.framework.output import Answer
from savctl.cli.framework.params import Limit, person, whole
from savctl.cli.framework.ticket_refs import Bridge, OneTicket, Reason, references, ticket_row
from savctl.cli.ticket import group
from savctl.cli.user import user_id
from savctl.domain.model.priority import Priority
from savctl.domain.model.references import reference
from savctl.domain.text import MAX_ID, plural
from savctl.errors import InvalidInput

if TYPE_CHECKING:  # it brings SQLAlchemy along, which help does without
    from savctl.usecases.tickets.merging import Merged

MERGED = ("ticket_number", "status", "merged", "messages", "attachments", "changed")
SPLIT = ("ticket_number", "split_from", "user_id", "subject", "messages", "attachments")

DUPLICATES = (
    *("ticket_number", "id", "duplicate_of", "duplicate_of_id", "user_id", "order_id"),
    *("status", "created_at", "subject", "score", "why"),
)


@command(
    group,
    "merge",
    writes=True,
    asks=True,
    examples=[
        "savctl ticket merge TKT-4FJ8N2WB --into TKT-7K2M9QXA --yes",
        "savctl ticket merge 4 5 6 --into TKT-7K2M9QXA --reason 'one parcel' --as 10 --yes",
        "savctl ticket merge 4 5 --into TKT-7K2M9QXA --dry-run -o json",
    ],
)
def merge(
    call: CommandContext,
    sources: Annotated[
        list[str],
        typer.Argument(metavar="SOURCE…", help="Tickets to merge; - reads them from stdin."),
    ],
    into: Annotated[str, typer.Option("--into", metavar="TARGET", help="The ticket that stays.")],
    across_customers: Annotated[
        bool,
        typer.Option(
            "--across-customers",
            help="Also those of other customers, their messages as internal notes.",
        ),
    ] = False,
    reason: Reason = None,
    bridge: Bridge = False,
    idempotency_key: Annotated[
        str | None,
        typer.Option("--idempotency-key", help="The same key answers the same merge."),
    ] = None,
) -> Answer:
    """Merge duplicates into the ticket that stays.

    All of them are merged, or none.

    Messages and files move and keep their times and senders; the sources are closed as
    duplicates. There is no way back but `savctl ticket split`.
    """
    from savctl.usecases.tickets.merging import MergeOptions, merge_tickets

    refs, _ = references(sources)
    target = reference(into)
    terms = MergeOptions(reason=reason, across=across_customers)
    op = call.operation(key=idempotency_key)
    call.name_target()
    if refs and not (call.yes or call.dry_run):  # an empty list on stdin is nothing to do
        would = merge_tickets(replace(op, dry_run=True), refs, target, terms=terms)
        call.confirm(_question(would))
    merged = merge_tickets(op, refs, target, terms=terms)
    call.warn_of_change(merged.warnings)
    row: dict[str, object] = {
        **ticket_row(readable(call, merged.target)),
        "merged": len(merged.sources),
        "sources": list(merged.sources),
        "messages": merged.messages,
        "attachments": merged.attachments,
        "changed": bool(merged.sources) and not merged.is_replayed,
    }
    if merged.is_replayed:
        row["replayed"] = True
    if call.dry_run:
        row["dry_run"] = True
        call.note("dry run: nothing was stored")
    return Answer(rows=[row], columns=MERGED, is_one=True)


def _question(would: Merged) -> str:
    """What a merge would do; a merge that a rule refuses is not asked about."""
    numbers = [str(source["ticket_number"]) for source in would.sources]
    shown = ", ".join(numbers[:5]) + (", …" if len(numbers) > 5 else "")
    return (
        f"Merge {plural(len(numbers), 'ticket')} ({shown}) with "
        f"{plural(would.messages, 'message')} and {plural(would.attachments, 'file')} "
        f"into {would.target.ticket_number}?"
    )


@command(
    group,
    "split",
    writes=True,
    examples=[
        "savctl ticket split TKT-7K2M9QXA --messages 1,2 --subject 'Second parcel' --as 10",
        "savctl ticket split TKT-7K2M9QXA --messages 1 --dry-run -o json",
    ],
)
def split(
    call: CommandContext,
    ticket: OneTicket,
    messages: Annotated[
        str, typer.Option("--messages", metavar="ID,ID", help="The messages that go.")
    ],
    subject: Annotated[
        str | None, typer.Option("--subject", help="Of the new ticket; default: as it was.")
    ] = None,
    priority: Annotated[
        str | None, typer.Option("--priority", help="low, medium, high or urgent; default: rules.")
    ] = None,
    reason: Reason = None,
) -> Answer:
    """Make a new ticket of some messages, with their files.

    It takes a wrong merge apart.
    """
    from savctl.usecases.tickets.splitting import SplitOptions, split_ticket

    level = one_of("priority", priority, tuple(Priority)) if priority is not None else None
    done = split_ticket(
        call.operation(policies=call.policies),
        reference(ticket),
        [whole("--messages", high=MAX_ID)(word) for word in messages.split(",") if word.strip()],
        terms=SplitOptions(
            subject=subject,
            priority=Priority(level) if level is not None else None,
            reason=reason,
        ),
    )
    call.warn_of_change(done.warnings)
    row: dict[str, object] = {
        **ticket_row(readable(call, done.ticket)),
        "split_from": done.original.ticket_number,
        "messages": done.messages,
        "attachments": done.attachments,
        "changed": True,
    }
    if call.dry_run:
        row["dry_run"] = True
        call.note("dry run: nothing was stored")
    return Answer(rows=[row], columns=SPLIT, is_one=True)


@command(
    group,
    "duplicates",
    examples=[
        "savctl ticket duplicates",
        "savctl ticket duplicates --user 456 --min-score 0.5 -o json",
    ],
)
def duplicates(
    call: CommandContext,
    user: Annotated[
        Any,  # a PersonReference
        typer.Option(
            "--user",
            metavar="USER",
            parser=person("--user"),
            help="Only this customer: user id or e-mail address.",
        ),
    ] = None,
    min_score: Annotated[float, typer.Option("--min-score", help="How alike, from 0 to 1.")] = 0.6,
    limit: Limit = 50,
) -> Answer:
    """Find tickets that report the same trouble twice.

    They are tickets of one customer. Nothing is merged.

    Tickets that are not closed, of the same order or, where none is known, of the same category.
    """
    from savctl.usecases.tickets.duplicates import find_duplicates

    if not 0 <= min_score <= 1:  # nan is none of them, either
        raise InvalidInput(f"--min-score must be from 0 to 1, not {min_score}")
    customer = user_id(call, user) if user is not None else None
    pairs = find_duplicates(call.database, at_least=min_score, user_id=customer)
    rows = (
        {
            "ticket_number": pair.newer.number,
            "id": pair.newer.id,
            "duplicate_of": pair.older.number,
            "duplicate_of_id": pair.older.id,
            "user_id": pair.newer.user_id,
            "order_id": pair.newer.order_id,
            "status": str(pair.newer.status),
            "created_at": pair.newer.created_at,
            "subject": pair.newer.subject,
            "score": pair.score,
            "why": list(pair.why),
        }
        for pair in up_to(call, pairs, limit)
    )
    columns = ("ticket_number", "duplicate_of", "user_id", "score", "why", "subject")
    return Answer(rows=rows, columns=columns, fields=DUPLICATES, noun="duplicates")
