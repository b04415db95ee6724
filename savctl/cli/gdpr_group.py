"""The group that every `savctl gdpr …` command joins, and the one for its legal holds."""

from __future__ import annotations

from savctl.cli._command import new_group

group = new_group("A person's data: find it, export it, hold what is evidence.")
holds = new_group("Tickets that must be kept, whatever their age or their customer's wish.")
group.add_typer(holds, name="hold")
