"""`savctl gdpr …`: each module here adds its commands to a group."""

from __future__ import annotations

from savctl.cli.framework.command import new_group
from savctl.cli.framework.package import load_commands

group = new_group("Find, export, hold and erase a person's data.")
holds = new_group("Tickets that must be kept, whatever their age or their customer's wish.")
group.add_typer(holds, name="hold")
asked = new_group("Persons who want to be erased: who asked, until when it must be done.")
group.add_typer(asked, name="requests")
logs = new_group("What was done with persons' data: erasures, exports, holds.", default="list")
group.add_typer(logs, name="log")
certificates = new_group("Certificates of erasures.")
group.add_typer(certificates, name="certificate")

load_commands(__name__, __path__)
