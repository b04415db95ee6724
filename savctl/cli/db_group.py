"""The group that every `savctl db …` command joins."""

from __future__ import annotations

from savctl.cli._command import new_group

group = new_group("The schema and the invariants of the data.")
