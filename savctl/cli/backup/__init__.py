"""`savctl backup …`: each module here adds its commands to the group."""

from __future__ import annotations

from savctl.cli.framework.command import new_group
from savctl.cli.framework.package import load_commands

group = new_group("Back the database up, prove it, restore it.")

load_commands(__name__, __path__)
