"""`savctl event list, show, schema, tail`."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from operator import itemgetter
from typing import Annotated, Any

import typer

from savctl.cli.event import group
from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.listing import up_to
from savctl.cli.framework.output import Answer, write
from savctl.cli.framework.params import Limit, whole
from savctl.domain.model.references import reference
from savctl.errors import InvalidInput, NotFound

COLUMNS = ("id", "event", "ticket_id", "occurred_at", "published_at", "attempts", "last_error")
_KEYS = (
    "id",
    "event_id",
    "event",
    "routing_key",
    "ticket_id",
    "occurred_at",
    "published_at",
    "attempts",
    "dead_at",
    "last_error",
)
_LOOK_SECONDS = 1.0


@command(
    group,
    "list",
    examples=["savctl event list", "savctl event list --ticket TKT-7K2M9QXA -o json"],
)
def list_(
    call: CommandContext,
    ticket: Annotated[
        str | None, typer.Option("--ticket", metavar="TKT", help="Only of this ticket.")
    ] = None,
    waiting: Annotated[
        bool, typer.Option("--waiting", help="Only those not published yet.")
    ] = False,
    dead: Annotated[bool, typer.Option("--dead", help="Only those set aside.")] = False,
    after: Annotated[
        int,
        typer.Option(
            "--after",
            metavar="ID",
            parser=whole("--after", low=0),
            help="Continue after this event (next page).",
        ),
    ] = 0,
    limit: Limit = 50,
) -> Answer:
    """List events, oldest first."""
    from savctl.persistence.events import event_reads as reads
    from savctl.persistence.tickets.tickets import Tickets

    with call.database.reading() as connection:
        ticket_id = Tickets(connection).get(reference(ticket)).id if ticket else None
    found = reads.every_event(
        call.database,
        ticket_id=ticket_id,
        waiting_only=waiting,
        dead_only=dead,
        after_id=after,
        limit=limit + 1 if limit else 0,
    )
    rows = map(_as_json, up_to(call, found, limit, after=itemgetter("id")))
    return Answer(rows=rows, columns=COLUMNS, fields=(*_KEYS, "envelope"), key="id", noun="events")


@command(group, "show", examples=["savctl event show 1"])
def show(
    call: CommandContext,
    event: Annotated[str, typer.Argument(metavar="ID", help="Number or UUID of an event.")],
) -> Answer:
    """Show one event with its envelope.

    The envelope is shown as it is published.
    """
    from savctl.persistence.events import event_reads as reads

    with call.database.reading() as connection:
        row = reads.find_event(connection, event)
    if row is None:
        raise NotFound(f"no event {event[:60]}", hint="Run 'savctl event list' to list events.")
    shown = _as_json(row)
    text = None
    if call.wants_page:
        from savctl.cli.views.events import event_page

        text = event_page(shown, now=call.clock())
    return Answer(rows=[shown], is_one=True, as_record=True, key="id", text=text)


@command(
    group,
    "schema",
    timeless=True,
    examples=["savctl event schema -o json", "savctl event schema TicketCreated"],
)
def schema(
    call: CommandContext,
    event: Annotated[
        str | None, typer.Argument(metavar="[EVENT]", help="Only this event.")
    ] = None,
) -> Answer:
    """Print the JSON Schema of every message that savctl sends or takes.

    It is for the services on the other side.
    """
    from difflib import get_close_matches

    from savctl.domain.events.schema import all_schemas
    from savctl.domain.sync.schemas import sync_schemas

    schemas = {**all_schemas(), **sync_schemas()}
    shown: dict[str, Any] = schemas
    if event is not None:
        names = {name.lower(): name for name in schemas}
        name = names.get(event.lower())
        if name is None:
            near = get_close_matches(event.lower(), names, n=1)
            guess = f"Did you mean {names[near[0]]}?" if near else f"Events: {', '.join(schemas)}."
            raise InvalidInput(f"no event is called {event!r}", hint=guess)
        shown = schemas[name]
    text = json.dumps(shown, indent=2)
    return Answer(rows=[shown], is_one=True, text=text, key="title")


@command(group, "tail", examples=["savctl event tail --after 0 --limit 1"])
def tail(
    call: CommandContext,
    limit: Annotated[
        int, typer.Option("--limit", min=0, help="End after so many; 0 stays until Ctrl-C.")
    ] = 0,
    after: Annotated[
        int | None,
        typer.Option(
            "--after",
            metavar="ID",
            parser=whole("--after", low=0),
            help="Begin behind this event.",
        ),
    ] = None,
) -> None:
    """Print events as they are made, one JSON line each.

    --after 0 begins with the oldest.
    """
    from savctl.cli.framework.output import Format
    from savctl.usecases.events.following import OutboxTail

    if call.output is Format.CSV:
        raise InvalidInput("tail writes JSON lines", hint="-o jsonl, or -o ids for numbers.")
    form = Format.IDS if call.output is Format.IDS else Format.JSONL
    follower = OutboxTail(call.database, after_id=after)
    shown = 0
    while True:
        rows = follower.more()
        if not rows:
            time.sleep(_LOOK_SECONDS)
            continue
        rows = rows[: limit - shown] if limit else rows
        answer = Answer(rows=[_as_json(row) for row in rows], key="id")
        write(answer, replace(call.look, form=form))
        shown += len(rows)
        if limit and shown >= limit:
            return


def _as_json(row: dict[str, Any]) -> dict[str, object]:
    """The documented keys in their order (rules 11.10)."""
    return {**{name: row[name] for name in _KEYS}, "envelope": json.loads(row["envelope"])}
