"""`savctl backup restore`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from savctl.cli.backup import group
from savctl.cli.backup.read import BackupId
from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Outcome
from savctl.errors import InvalidInput

if TYPE_CHECKING:
    from savctl.domain.backup.replay_span import Until


@command(
    group,
    "restore",
    writes=True,
    examples=[
        "savctl backup restore 20251003_003000_5f1e9a --ticket TKT-9XQ4C7PA --dry-run",
        "savctl backup restore 20251003_003000_5f1e9a --ticket TKT-9XQ4C7PA --as 5",
    ],
)
def restore(
    call: CommandContext,
    backup: BackupId,
    ticket: Annotated[
        str | None, typer.Option("--ticket", metavar="TKT", help="Bring this ticket back.")
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="TIME|POSITION", help="Replay the binary logs up to it."),
    ] = None,
) -> Outcome:
    """Restore one ticket of a backup.

    --dry-run shows the difference row by row and stores nothing.

    The backup is restored into a schema of its own, which is dropped again. The ticket gets its
    rows back with ids, number and times; rows that are newer stay, and a closed ticket stays
    closed. Hidden files are shown again. Exit code 5 when an id or the number belongs to
    something else now, or its customer was erased.
    """
    if ticket is None:
        raise InvalidInput("name what to restore", hint="Give --ticket TKT.")
    from savctl.cli.backup._ticket import restore_one_ticket

    return restore_one_ticket(call, backup, ticket, until_of(call, until))


def until_of(call: CommandContext, text: str | None) -> Until | None:
    """The moment of `--until`, or the place in the binary log, such as binlog.000007:1234."""
    from savctl.domain.backup.log_positions import position

    if text is None:
        return None
    return position(text) or call.moment("until", text)
