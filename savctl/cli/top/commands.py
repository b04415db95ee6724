"""`savctl top`: the desk on one screen."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from savctl.cli.framework.command import command, new_group
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer
from savctl.cli.framework.params import whole

if TYPE_CHECKING:
    from savctl.usecases.desk.model import Desk

group = new_group("Watch the desk on one screen.", is_command=True)


@command(
    group,
    "top",
    timeless=True,
    examples=["savctl top", "savctl top --interval 30", "savctl top -o json"],
)
def top(
    call: CommandContext,
    interval: Annotated[
        int,
        typer.Option(
            "--interval",
            metavar="SECONDS",
            parser=whole("--interval", low=1, high=3600),
            help="Time between two looks at the database.",
        ),
    ] = 5,
) -> Answer | int:
    """Watch the desk on one screen.

    It shows the queue, what is due next, agents, jobs and leases, events, and the last errors.

    Keys: q ends it, r reads at once, the arrows choose a section (left, right) and scroll in it
    (up, down). A part that takes long to read is read less often. Off a terminal, or with another
    format than the table, it prints once and ends.
    """
    from savctl.cli.desk.parts import desk_reader

    with desk_reader(call.app) as reader:
        if _is_screen(call):
            from savctl.cli.top.loop import run_screen

            return run_screen(
                reader,
                name=call.app.raw_database.name,
                interval=interval,
                has_colours=call.paint is not None,
            )
        return _once(call, reader.read())


def _once(call: CommandContext, desk: Desk) -> Answer:
    from savctl.cli.desk.rows import desk_row
    from savctl.cli.top.screen import whole as whole_text
    from savctl.usecases.desk.watch import DeskReading

    text = None
    if call.wants_page:
        name = call.app.raw_database.name
        text = whole_text(DeskReading(desk=desk), name=name, has_colours=call.paint is not None)
    return Answer(rows=[desk_row(desk)], is_one=True, as_record=True, key="at", text=text)


def _is_screen(call: CommandContext) -> bool:
    """Whether somebody watches: a terminal on both sides, which moves its cursor."""
    is_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    return call.wants_page and is_terminal and os.environ.get("TERM", "dumb") != "dumb"
