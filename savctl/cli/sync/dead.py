"""`savctl sync dead list, show, requeue, drop`."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Annotated

import typer

from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.listing import up_to
from savctl.cli.framework.output import Answer
from savctl.cli.framework.params import Limit, whole
from savctl.cli.sync import set_aside
from savctl.cli.sync._broker import queues
from savctl.domain.text import plural
from savctl.errors import InvalidInput

if TYPE_CHECKING:
    from savctl.persistence.sync.dead import DeadMessage

_COLUMNS = ("id", "queue", "event", "message_id", "reason", "received_at", "size")

Ids = Annotated[list[int] | None, typer.Argument(metavar="ID…", help="Numbers of dead messages.")]
All = Annotated[bool, typer.Option("--all", help="All of them.")]


@command(set_aside, "list", examples=["savctl sync dead list", "savctl sync dead list -o json"])
def list_(
    call: CommandContext,
    limit: Limit = 50,
    after: Annotated[
        int | None,
        typer.Option(
            "--after", metavar="ID", parser=whole("--after", low=0), help="Begin behind this one."
        ),
    ] = None,
) -> Answer:
    """List messages that were set aside, and why, oldest first."""
    from savctl.usecases.sync.dead import dead_page

    found = dead_page(call.database, after=after or 0, limit=limit + 1 if limit else 0)
    rows = up_to(call, map(_row, found), limit, after=itemgetter("id"))
    return Answer(rows=rows, columns=_COLUMNS, key="id", noun="dead messages")


@command(set_aside, "show", examples=["savctl sync dead show 1"])
def show(
    call: CommandContext,
    message: Annotated[int, typer.Argument(metavar="ID", help="Number of a dead message.")],
) -> Answer:
    """Show a message that was set aside, with its body.

    The body may hold personal data.
    """
    from savctl.usecases.sync.dead import find_dead

    (found,) = find_dead(call.database, [message])
    body = (found.body or b"").decode(errors="replace")
    return Answer(rows=[{**_row(found), "body": body}], is_one=True, as_record=True, key="id")


@command(
    set_aside,
    "requeue",
    writes=True,
    examples=["savctl sync dead requeue 1 --dry-run", "savctl sync dead requeue --all --dry-run"],
)
def requeue(call: CommandContext, messages: Ids = None, every: All = False) -> Answer:
    """Put messages back into their queue, once what was wrong is mended."""
    from savctl.usecases.sync.dead import requeue as requeue_message

    found = _wanted(call, messages, every)
    broker = None if call.dry_run else queues(call)
    rows = [
        {
            "id": one.id,
            "queue": one.queue,
            "requeued": True,
            "message_id": requeue_message(call.database, broker, one),
        }
        for one in found
    ]
    return Answer(rows=rows, columns=("id", "queue", "requeued"), key="id", noun="dead messages")


@command(set_aside, "drop", writes=True, asks=True, examples=["savctl sync dead drop 1 --dry-run"])
def drop(call: CommandContext, messages: Ids = None, every: All = False) -> Answer:
    """Give messages up for good."""
    from savctl.usecases.sync.dead import drop as drop_message

    found = _wanted(call, messages, every)
    if found:
        call.confirm(f"Give up {plural(len(found), 'message')} for good?")
    rows = [
        {
            "id": one.id,
            "queue": one.queue,
            "dropped": call.dry_run or drop_message(call.database, one),
        }
        for one in found
    ]
    return Answer(rows=rows, columns=("id", "queue", "dropped"), key="id", noun="dead messages")


def _wanted(call: CommandContext, ids: list[int] | None, every: bool) -> list[DeadMessage]:
    from savctl.usecases.sync.dead import dead_page, find_dead

    if bool(ids) == every:
        raise InvalidInput("name messages, or give --all for all that were set aside")
    if every:
        ids = [one.id for one in dead_page(call.database, after=0, limit=0)]
    if call.dry_run:
        call.note("dry run: nothing was stored")
    return find_dead(call.database, list(dict.fromkeys(ids or ())))


def _row(message: DeadMessage) -> dict[str, object]:
    return {name: getattr(message, name) for name in _COLUMNS}
