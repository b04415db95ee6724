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
        "savctl backup restore 20251003_003000_5f1e9a --into restored",
        "savctl backup restore 20251003_003000_5f1e9a --in-place --dry-run",
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
    into: Annotated[
        str | None,
        typer.Option("--into", metavar="NAME", help="A new, empty database; of SQLite a file."),
    ] = None,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Replace the live database.")
    ] = False,
    confirm: Annotated[
        str | None,
        typer.Option("--confirm", metavar="DATABASE", help="The live one's name, to confirm."),
    ] = None,
    resend: Annotated[
        bool,
        typer.Option("--resend", help="Send waiting events, also those that were sent already."),
    ] = False,
    discard: Annotated[
        bool,
        typer.Option("--discard", help="In place: make no backup of what is replaced."),
    ] = False,
) -> Outcome:
    """Restore a whole backup, or one ticket of it.

    A spoiled backup is refused (exit 5) before anything is changed.

    In place: only with nobody else connected and the schedulers stopped (exit 6). What it replaces
    is backed up first; the answer names that backup. After a failure in the middle run the same
    command again, or restore that backup. --discard makes none, for a database that cannot be
    dumped any more.

    Afterwards erased persons are erased again, orphan-cleanup is braked, events that may have
    been sent are held until 'event relay --resend' or 'event skip', and 'db check' runs.

    One ticket: the backup is restored into a schema of its own, which is dropped again. The
    ticket gets its rows back with ids, number and times; rows that are newer stay, and a closed
    ticket stays closed. Hidden files are shown again. --dry-run shows the difference row by row.
    Exit code 5 when an id or the number belongs to something else now, or its customer was
    erased.
    """
    if ticket is None:
        from savctl.cli.backup._whole import WholeOptions, restore_whole

        options = WholeOptions(
            into=into,
            in_place=in_place,
            confirm=confirm,
            resend=resend,
            discard=discard,
            until=until_of(call, until),
        )
        return restore_whole(call, backup, options)
    if into is not None or in_place or resend or discard:
        raise InvalidInput("--ticket brings one ticket back", hint="Leave the other options out.")
    from savctl.cli.backup._ticket import restore_one_ticket

    return restore_one_ticket(call, backup, ticket, until_of(call, until))


def until_of(call: CommandContext, text: str | None) -> Until | None:
    """The moment of `--until`, or the place in the binary log, such as binlog.000007:1234."""
    from savctl.domain.backup.log_positions import position

    if text is None:
        return None
    return position(text) or call.moment("until", text)
