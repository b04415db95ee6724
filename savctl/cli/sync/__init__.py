"""`savctl sync …`: each module here adds its commands to the group."""

from __future__ import annotations

from savctl.cli.framework.command import new_group
from savctl.cli.framework.package import load_commands

group = new_group("Take in users and orders of other services.")
set_aside = new_group("Messages that could not be used: read, requeue or drop them.")
group.add_typer(set_aside, name="dead")

load_commands(__name__, __path__)
