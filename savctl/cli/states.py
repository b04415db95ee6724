"""`savctl states`."""

from __future__ import annotations

from savctl.cli.framework.command import command, new_group
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer
from savctl.domain.model.states import TRANSITIONS

group = new_group("Show the state machine of tickets.", is_command=True)


@command(group, "states", timeless=True, examples=["savctl states", "savctl states -o json"])
def show_states(call: CommandContext) -> Answer:
    """Show the state machine of tickets."""
    rows = [
        {
            "from": str(t.origin),
            "to": str(t.to),
            "trigger": t.trigger,
            "command": f"ticket {t.command}",
            "automated": t.automated,
        }
        for t in TRANSITIONS
    ]
    return Answer(rows=rows, key="to")
