"""`savctl export …`: each module here adds its command to the group."""

from __future__ import annotations

from savctl.cli.framework.command import new_group
from savctl.cli.framework.package import load_commands

group = new_group("Write data to files for other programs.")

load_commands(__name__, __path__)
