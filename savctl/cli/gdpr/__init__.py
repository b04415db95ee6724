"""`savctl gdpr …`: each module here adds its commands to a group."""

from __future__ import annotations

from savctl.cli.framework.command import new_group
from savctl.cli.framework.package import load_commands

group = new_group("Find, export and hold a person's data.")
holds = new_group("Tickets that must be kept, whatever their age or their customer's wish.")
group.add_typer(holds, name="hold")

load_commands(__name__, __path__)
