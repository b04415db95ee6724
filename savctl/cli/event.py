"""`savctl event`: the outbox, for reading."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from savctl.cli._call import Call
from savctl.cli._command import command, new_group
from savctl.cli._output import Answer
from savctl.cli._tickets import reference
from savctl.errors import NotFound

group = new_group("Events waiting in the outbox.")

COLUMNS = ("id", "event", "ticket_id", "occurred_at", "published_at", "attempts", "last_error")


@command(
    group,
    "list",
    examples=["savctl event list", "savctl event list --ticket TKT-7K2M9QXA -o json"],
)
def list_(
    call: Call,
    ticket: Annotated[
        str | None, typer.Option("--ticket", metavar="TKT", help="Only of this ticket.")
    ] = None,
    waiting: Annotated[
        bool, typer.Option("--waiting", help="Only those not published yet.")
    ] = False,
    after: Annotated[int, typer.Option("--after", metavar="ID", help="Go on behind this.")] = 0,
    limit: Annotated[int, typer.Option("--limit", min=0, help="0 is no limit.")] = 50,
) -> Answer:
    """Events, oldest first."""
    from savctl.persistence import reads
    from savctl.persistence.tickets import Tickets

    with call.database.reading() as connection:
        ticket_id = Tickets(connection).get(reference(ticket)).id if ticket else None
        rows = reads.list_events(
            connection,
            ticket_id=ticket_id,
            waiting_only=waiting,
            after_id=after,
            limit=limit + 1 if limit else 0,
        )
    if limit and len(rows) > limit:
        rows = rows[:limit]
        call.note(f"there are more: --after {rows[-1]['id']}, or --limit 0 for all")
    return Answer(rows=[_as_json(row) for row in rows], columns=COLUMNS, key="id")


@command(group, "show", examples=["savctl event show 1"])
def show(
    call: Call,
    event: Annotated[str, typer.Argument(metavar="ID", help="Number or UUID of an event.")],
) -> Answer:
    """One event with its envelope, as it goes over the wire."""
    from savctl.persistence import reads

    with call.database.reading() as connection:
        row = reads.find_event(connection, event)
    if row is None:
        raise NotFound(f"no event {event}", hint="savctl event list shows those there are.")
    return Answer(rows=[_as_json(row)], is_one=True, as_record=True, key="id")


def _as_json(row: dict[str, Any]) -> dict[str, object]:
    """The documented keys in their order (rules 11.10)."""
    kept = (
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
    return {**{name: row[name] for name in kept}, "envelope": json.loads(row["envelope"])}
