"""`savctl ticket bulk …`: each module here adds its commands to the group."""

from __future__ import annotations

from savctl.cli.framework.command import new_group
from savctl.cli.framework.package import load_commands
from savctl.cli.ticket import group

bulk = new_group("Change many tickets at once, by a plan.")
group.add_typer(bulk, name="bulk")

load_commands(__name__, __path__)
